"""The page of a report, beside the golden pages of incidents."""

from bellbuoy.sinks.base import Fact, Link, Page, Span

BASE = "https://bellbuoy.example.com"


def plain(text: str) -> Span:
    return Span(text)


def audit() -> Page:
    """A report: of no incident, with its lines in sight and nothing to press but a link."""
    return Page(
        key="audit_1795424400",
        version=1,
        change="opened",
        about="audit",
        state="resolved",
        severity="watch",
        headline="Audit: 2 to harden, 1 to kill, 5 to keep",
        summary="Audit of lead-qualifier up to 2026-11-23: 2 to harden, 1 to kill, 5 to keep. "
        "Since a week before: qualify: keep → harden.",
        impact=(plain("lead-qualifier, "), plain("28 d to 2026-11-23. Since a week before: qualify: keep → harden.")),
        at=1_795_424_400,
        opened_at=1_795_424_400,
        workflow="lead-qualifier",
        findings=(
            Fact(
                "harden qualify",
                (
                    plain(
                        "91.4 % [91.1, 91.7], needs 95.3 %; worth +3.0 points end to end; 91.4 % is below the 95.3 % that it "
                        "needs; worst where prompt_version 41 (87.9 % of 9,120): bring it to 95.3 %: +3.0 points end to end"
                    ),
                ),
            ),
            Fact(
                "harden execute_action",
                (plain("93.1 % [92.8, 93.4], needs 95.3 %; the token of calendar.book ends on 2026-11-26: renew it"),),
            ),
            Fact(
                "kill source handbook", (plain("of no step; never seen, while 41,207 interactions ran: take it out"),)
            ),
        ),
        links=(Link("All of it", f"{BASE}/audit/lead-qualifier"),),
        foot=("3 more lines: bellbuoy audit",),
        timezone="Europe/Berlin",
        data={"lead-qualifier": {"qualify": "harden", "execute_action": "harden", "handbook": "kill"}},
    )
