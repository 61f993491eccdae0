/** The style sheet of a report; every rule is below `.tessera-report`. */
export const reportStyle = `
.tessera-report {
  --ink: #1b1e23; --muted: #656b76; --line: #e3e5e9; --card: #ffffff; --page: #f5f6f8; --accent: #4269d0;
  --plot-background: var(--card);
  color: var(--ink); background: var(--page); min-height: 100vh; box-sizing: border-box;
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  padding: 32px clamp(16px, 4vw, 56px) 56px; font-variant-numeric: tabular-nums;
}
@media (prefers-color-scheme: dark) {
  .tessera-report {
    --ink: #e8eaed; --muted: #9aa1ad; --line: #30343b; --card: #1b1e23; --page: #121417; --accent: #8aa6f5;
  }
}
.tessera-report > * { max-width: 1180px; margin-inline: auto; }
.tessera-report h1 { font-size: 22px; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; margin: 0 auto 16px; overflow-wrap: anywhere; }
.tessera-report h2 { font-size: 15px; font-weight: 650; margin: 0; }
.tessera-report dl.facts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1px; background: var(--line);
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; margin: 0 auto 20px; }
@media (max-width: 760px) { .tessera-report dl.facts { grid-template-columns: repeat(2, 1fr); } }
.tessera-report dl.facts div { background: var(--card); padding: 10px 14px; }
.tessera-report dt { color: var(--muted); font-size: 12px; }
.tessera-report dd { margin: 0; font-weight: 550; overflow-wrap: anywhere; }
.tessera-report section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 20px 12px; margin-bottom: 20px; }
.tessera-report header.bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 16px; margin-bottom: 8px; }
.tessera-report header.bar p { margin: 0; color: var(--muted); font-size: 13px; flex: 1 1 300px; }
.tessera-report .choice { display: inline-flex; border: 1px solid var(--line); border-radius: 7px; overflow: hidden; }
.tessera-report button { font: inherit; font-size: 12px; color: var(--ink); background: transparent; border: 0; padding: 3px 10px; cursor: pointer; }
.tessera-report button + button { border-left: 1px solid var(--line); }
.tessera-report button[aria-pressed='true'] { background: var(--accent); color: var(--card); }
.tessera-report button:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.tessera-report .chart { overflow-x: auto; }
.tessera-report .chart svg { display: block; max-width: 100%; }
.tessera-report ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 0 auto 16px; color: var(--muted); font-size: 13px; }
.tessera-report ul.legend li { display: inline-flex; align-items: center; gap: 6px; }
.tessera-report ul.legend span { width: 11px; height: 11px; border-radius: 3px; }
.tessera-report details { margin: 8px 0 6px; }
.tessera-report summary { cursor: pointer; color: var(--muted); font-size: 13px; }
.tessera-report .scroll { overflow-x: auto; margin-top: 8px; }
.tessera-report table { border-collapse: collapse; width: 100%; font-size: 12.5px; }
.tessera-report th, .tessera-report td { text-align: right; padding: 3px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
.tessera-report th { color: var(--muted); font-weight: 550; position: sticky; top: 0; background: var(--card); }
.tessera-report th.text, .tessera-report td.text { text-align: left; }
`;
