// The look of the page: one column, large verdict, tables that scroll by themselves, charts that fit their screen.

export const STYLE = `
*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:76rem;padding:2.5rem clamp(1rem,3vw,2.5rem) 4rem;overflow-wrap:anywhere}
h1{font-size:1.05rem;font-weight:600;color:var(--muted);margin:0 0 .75rem}
h2{font-size:1.5rem;line-height:1.25;margin:3.25rem 0 .9rem}
h3{font-size:1.1rem;margin:2rem 0 .6rem}
p,ol,ul,dl{max-width:48rem}
p{margin:.7rem 0}
a{color:var(--series-0)}
.verdict{font-size:clamp(1.15rem,.95rem + 1.2vw,1.75rem);line-height:1.3;font-weight:550;letter-spacing:-.01em;max-width:62rem;margin:0 0 .8rem}
.second{font-size:clamp(1.05rem,.95rem + .5vw,1.3rem);font-weight:450;line-height:1.4}
header{margin-bottom:1.8rem}
figure{margin:1.5rem 0}
figcaption{color:var(--muted);font-size:.95rem;max-width:60rem;margin-top:.6rem}
figcaption strong{color:var(--ink)}
.chart{display:block;max-width:100%;height:auto}
.symbol{vertical-align:-.15em}
.chart text{white-space:pre}
.narrow{display:none}
.notice{border-left:.3rem solid var(--bad);background:var(--panel);padding:.9rem 1.1rem;font-weight:600}
.keys{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.5rem 0 0;padding:0;font-size:.9rem;max-width:none}
#reading ol{padding-left:1.3rem}
#reading li{margin:.45rem 0}
math{font-family:"Latin Modern Math","STIX Two Math","Cambria Math","XITS Math",math}
.formula{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1.2rem;font-size:1.35rem;padding:.6rem 0;overflow-x:auto}
.multiples{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1.5rem 2rem}
.multiples figure{margin:0;max-width:32rem}
.multiples .chart{width:100%}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,12rem),1fr));gap:1.25rem}
.maps figure{margin:0}
.maps .chart{width:100%;max-width:18rem}
.bar{display:flex;align-items:center;gap:.6rem;font-size:.9rem}
.bands{display:flex;flex:0 1 20rem;border:1px solid var(--rule)}
.bands i{flex:1;height:1rem}
.scroll{overflow-x:auto;margin:1rem 0;border:1px solid var(--rule);border-radius:.4rem}
.scroll:focus-visible{outline:2px solid var(--series-0)}
table{border-collapse:collapse;width:100%;font-size:.8125rem;line-height:1.35;overflow-wrap:normal}
th,td{padding:.35rem .5rem;text-align:left;vertical-align:top;border-top:1px solid var(--rule)}
thead tr:first-child th{border-top:0}
thead th{background:var(--panel);color:var(--muted);font-weight:600;vertical-align:bottom;white-space:nowrap}
tbody th{font-weight:500;min-width:7.5rem}
td{max-width:34rem}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
summary span{color:var(--muted);font-weight:400;margin-left:.6rem}
.middle{text-align:center}
small{display:block;color:var(--muted);font-size:.85em;white-space:normal}
details{margin:1rem 0}
summary{cursor:pointer;font-weight:600}
pre{background:var(--panel);border:1px solid var(--rule);border-radius:.4rem;padding:.8rem 1rem;overflow-x:auto;font-size:.85rem;line-height:1.45}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.checks{list-style:none;padding:0}
.checks li{margin:.5rem 0;padding-left:.8rem;border-left:.25rem solid var(--good)}
.checks li.violated{border-color:var(--bad)}
.checks strong{color:var(--good)}
.checks .violated strong{color:var(--bad)}
.checks span{color:var(--muted)}
.checks .assumed{border-color:var(--muted)}
.checks .assumed strong{color:var(--muted)}
dt{font-weight:600}
dd{margin:0 0 .7rem 1.2rem}
.facts{max-width:62rem;display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.35rem 1.4rem}
.facts dd{margin:0;grid-column:2}
.facts dt{max-width:18rem}
.versions{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:0 1.2rem}
.tiles{list-style:none;padding:0;margin:0;max-width:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.8rem}
.tiles li{background:var(--panel);border:1px solid var(--rule);border-radius:.4rem}
.tiles a{display:block;padding:.7rem .9rem;color:inherit;text-decoration:none}
.tiles span{color:var(--muted);font-size:.9rem}
.tiles strong{display:block;font-size:1.15rem;line-height:1.3;font-variant-numeric:tabular-nums}
.further{padding-left:1.2rem;max-width:60rem;margin:0 0 1.6rem}
.further li{margin:.3rem 0}
.absent{color:var(--muted)}
h4{font-size:1rem;margin:1.4rem 0 .5rem}
.statement{font-size:1.15rem;font-weight:550}
.gallery{list-style:none;padding:0;max-width:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1.5rem}
.gallery p{margin:.4rem 0}
.triple{display:flex;gap:.35rem}
.triple img{width:33%;max-width:8rem;height:auto}
img{image-rendering:pixelated;border:1px solid var(--rule);vertical-align:top}
.thumbs{white-space:nowrap}
.thumbs img{width:2.6rem;height:auto;margin-right:.25rem}
.changes{width:100%}
.changes th{min-width:2.5rem}
.change{position:relative;width:45%;min-width:6rem}
.change i{position:absolute;top:.45rem;bottom:.45rem}
.change .more{left:50%;background:var(--series-1)}
.change .less{right:50%;background:var(--series-0)}
.share{display:flex;height:.45rem;min-width:5rem;background:var(--panel);border:1px solid var(--rule)}
.share .proven{background:var(--series-2)}
.share .unknown{background:var(--muted);opacity:.45}
.finding{border-left:.3rem solid var(--rule);background:var(--panel);padding:.1rem 1.1rem .8rem;margin:1rem 0;max-width:52rem}
.finding h3{margin:.8rem 0 .4rem}
.finding.critical{border-color:var(--bad)}
.finding.critical .severity{color:var(--bad)}
.finding.warning{border-color:var(--series-4)}
.finding.warning .severity{color:var(--series-4)}
.severity{font-weight:700;margin-right:.4rem}
.evidence{font-size:.9rem;color:var(--muted);padding-left:1.2rem}
@media screen and (max-width:40rem){
.facts{display:block}
.facts dd{margin:0 0 .7rem 1.2rem}
table{width:max-content;min-width:100%}
td{max-width:16rem}
td.number small{white-space:normal;max-width:5.6rem;margin-left:auto}
.wide{display:none}
.narrow{display:block}
.narrow .chart{width:100%}
body{padding-top:1.5rem}
.formula{font-size:1.15rem}
}
@media print{
body{max-width:none;padding:0}
.wide{display:block}
.narrow{display:none}
.scroll{overflow:visible;border:0}
table{font-size:6.5pt;overflow-wrap:anywhere}
th,td{padding:.1rem .18rem;min-width:0;white-space:normal}
tbody th{min-width:0}
.long{display:none}
figure,li,tr,dd{break-inside:avoid}
h2,h3{break-after:avoid}
details::details-content{content-visibility:visible;height:auto}
pre{white-space:pre-wrap}
svg,.bands i,.share,.share i,.change i,thead th{print-color-adjust:exact}
}
`;
