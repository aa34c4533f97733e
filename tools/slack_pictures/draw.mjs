// Reads {message, reply?, chart?} as JSON on standard input and writes the message as a page of HTML.
// What the library does not know is said in what it knows: `container` is unfolded, `verbatim` is what it does anyway.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import React from "react";
import { renderToStaticMarkup } from "react-dom/server";
import slack from "slack-blocks-to-jsx";

const LAMPS = { red_circle: "#d64545", large_yellow_circle: "#e0b400", large_green_circle: "#2f9e5b" };
const DATE = /<!date\^\d+\^[^|>]*\|([^>]*)>/g;
const { message, reply, chart, logo } = JSON.parse(readFileSync(0, "utf8"));
const find = createRequire(import.meta.url).resolve;

const plain = (text) => {
  const { verbatim: _, ...rest } = text;
  return { ...rest, text: rest.text.replace(DATE, "$1").replace(/<!subteam[^>]*>/g, "@oncall") };
};
const shown = (block) => {
  if (block.type === "container") {
    const title = { type: "section", text: { type: "mrkdwn", text: `*▾ ${block.title.text}* — ${block.subtitle.text}` } };
    return [title, ...block.child_blocks.flatMap(shown)];
  }
  if (block.type === "image") return chart ? [{ type: "image", alt_text: block.alt_text, image_url: chart }] : [];
  const made = { ...block };
  if (made.text) made.text = plain(made.text);
  if (made.fields) made.fields = made.fields.map(plain);
  if (made.type === "context") made.elements = made.elements.map(plain);
  return [made];
};
const drawn = (blocks) =>
  renderToStaticMarkup(
    React.createElement(slack.Message, { blocks, logo, name: "Bellbuoy", time: new Date(0), theme: "light" }),
  );

let html = drawn(message.blocks.flatMap(shown));
if (reply) {
  const text = { type: "section", text: plain({ type: "mrkdwn", text: reply.text }) };
  html += `<div class="thread"><p>Thread</p>${drawn([text])}</div>`;
}
for (const [name, colour] of Object.entries(LAMPS)) {
  const lamp = `<svg width="18" height="18" viewBox="0 0 18 18" style="display:inline;vertical-align:-2px"><circle cx="9" cy="9" r="8" fill="${colour}"/></svg>`;
  html = html.replaceAll(`:${name}:`, lamp).replaceAll({ red_circle: "🔴", large_yellow_circle: "🟡", large_green_circle: "🟢" }[name], lamp);
}
const style = readFileSync(find("slack-blocks-to-jsx").replace(/index\.m?js$/, "style.css"), "utf8");
const font = (weight) =>
  `@font-face{font-family:Lato;font-weight:${weight};src:url(data:font/woff2;base64,${readFileSync(find(`@fontsource/lato/files/lato-latin-${weight}-normal.woff2`)).toString("base64")})}`;
process.stdout.write(
  `<!doctype html><meta charset="utf-8"><style>${style}${[400, 700, 900].map(font).join("")}
body{margin:0;padding:14px 18px;width:640px;font-family:Lato,Arial,sans-serif;background:#fff}
.thread{margin:10px 0 0 44px;border-left:3px solid #ddd;padding-left:12px}.thread p{margin:0;color:#616061;font-size:13px}
time,[class*="timestamp"]{display:none}</style>${html}`,
);
