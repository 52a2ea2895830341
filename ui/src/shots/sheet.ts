/** All pictures on one page: a row per scene, a column per theme and language; and that page in parts, as pictures. */
import type { Page } from "./browser";

export interface Picture {
  readonly row: string;
  readonly theme: string;
  readonly lang: string;
  /** Relative to the page. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

/** The pictures' own width, and what is between them. */
const COLUMN = 420 + 16;
/** What can be looked at in one go: so many rows, so small. */
const TOGETHER = 3;
const SCALE = 0.6;

export function index(pictures: readonly Picture[]): string {
  const rows = [...new Set(pictures.map(({ row }) => row))];
  const languages = [...new Set(pictures.map(({ lang }) => lang))];
  const themes = [...new Set(pictures.map(({ theme }) => theme))];
  const columns = themes.flatMap((theme) => languages.map((lang) => ({ theme, lang })));
  const tables: string[] = [];
  for (let first = 0; first < rows.length; first += TOGETHER) {
    const lines = rows.slice(first, first + TOGETHER).map((row) => {
      const cells = columns.map((at) =>
        pictures.find((one) => one.row === row && one.theme === at.theme && one.lang === at.lang),
      );
      return `<tr>${cells.map(cell).join("")}</tr>`;
    });
    tables.push(`<table>\n${lines.join("\n")}\n</table>`);
  }
  return `<!doctype html><meta charset="utf-8"><title>Gallery</title><style>${STYLE}</style>\n${tables.join("\n")}\n`;
}

const STYLE = `
body { margin: 0; background: #8a8f98; font: 14px sans-serif; inline-size: max-content; }
table { border-collapse: collapse; }
td { padding: 8px; vertical-align: top; }
img { display: block; margin-block-start: 4px; }
`;

function cell(picture: Picture | undefined): string {
  if (picture === undefined) return "<td></td>";
  const { file, row, theme, lang, width, height } = picture;
  const image = `<img loading="lazy" src="${file}" alt="" width="${width}" height="${height}">`;
  return `<td><a href="${file}">${row} (${theme}, ${lang})${image}</a></td>`;
}

/** The parts of that page, which is open, as pictures: a few rows of half of the columns, which are those of one theme. */
export async function* sheets(page: Page): AsyncGenerator<Buffer> {
  const parts = await page.ask<number>("document.querySelectorAll('table').length");
  for (let part = 0; part < parts; part += 1) {
    const { y, height, columns } = await page.ask<Place>(`(${shown})(${part})`);
    const width = (columns / 2) * COLUMN;
    for (const x of [0, width]) yield await page.picture({ x, y, width, height, scale: SCALE });
  }
}

interface Place {
  readonly y: number;
  readonly height: number;
  readonly columns: number;
}

/** Run in the page: where a part of it lies, as soon as all its pictures are there. */
async function shown(part: number): Promise<Place> {
  const table = document.querySelectorAll("table")[part]!;
  for (const image of table.querySelectorAll("img")) {
    image.loading = "eager";
    await image.decode();
  }
  const { top, height } = table.getBoundingClientRect();
  return { y: top + scrollY, height, columns: table.rows[0]!.cells.length };
}
