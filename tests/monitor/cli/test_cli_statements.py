"""Where statements end: by hand, and against DuckDB itself on texts made of everything that can hold a `;`."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.monitor.cli.statements import split

pytestmark = pytest.mark.store


@pytest.mark.parametrize(
    ("text", "whole", "rest", "inside"),
    [
        ("select 1", (), "select 1", False),
        ("select 1;", ("select 1",), "", False),
        (" select 1 ; select 2 ", ("select 1",), "select 2", False),
        (";;select 1;;", ("select 1",), "", False),
        ("", (), "", False),
        ("-- only a comment", (), "", False),
        ("-- a\n/* b */", (), "", False),
        ("select 1; -- end", ("select 1",), "", False),
        ("select ';", (), "select ';", True),
        ("select 'it''s;' ;", ("select 'it''s;'",), "", False),
        ('select "a;""b" ;', ('select "a;""b"',), "", False),
        ("select e'a\\';b';", ("select e'a\\';b'",), "", False),
        ("select name'a\\';b", ("select name'a\\'",), "b", False),
        ("select $$a;b$$;", ("select $$a;b$$",), "", False),
        ("select $x$;$$;$x$;", ("select $x$;$$;$x$",), "", False),
        ("select $x$;$$;", (), "select $x$;$$;", True),
        ("select /* /* ; */ ; */ 1;", ("select /* /* ; */ ; */ 1",), "", False),
        ("/* open ;", (), "/* open ;", True),
        ("select 1 -- ;\n+ 1;", ("select 1 -- ;\n+ 1",), "", False),
        ("select 1 -- ;", (), "select 1 -- ;", False),
    ],
)
def test_a_text_in_statements(text, whole, rest, inside):
    told = split(text)
    assert (told.whole, told.rest, told.inside) == (whole, rest, inside)


PIECES = st.sampled_from(
    [
        "'a;b'",
        "'it''s;'",
        '"n;""m"',
        "e'\\';'",
        "$$;$$",
        "$t$;$$;$t$",
        "/* ; */",
        "/* /* ; */ ; */",
        "-- ;\n",
        " ",
        "\n",
        "1",
        "x",
    ]
)
STATEMENT = st.lists(PIECES, max_size=6).map(
    lambda pieces: (
        "select 1 as a, "
        + ", ".join(f"{one} 2" if one.strip() in {"", "/* ; */", "/* /* ; */ ; */", "-- ;"} else one for one in pieces)
        + (", 3" if pieces else "3")
    )
)


@given(st.lists(STATEMENT, min_size=1, max_size=4), st.sampled_from([";", " ;\n", ";;", "; /* ; */ ;"]))
def test_duckdb_finds_the_same_statements(statements, between):
    text = between.join(statements)
    assert len(split(text).all) == len(duckdb.extract_statements(text)) == len(statements)
