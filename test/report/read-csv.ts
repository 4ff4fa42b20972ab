// A reader of comma-separated values, character by character after the grammar of RFC 4180.

/** All records with all fields. @throws Error where the text leaves the grammar. */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const row: string[] = [];
    for (;;) {
      let field = '';
      if (text[at] === '"') {
        at++;
        for (;;) {
          if (at >= text.length) throw new Error('quoted field without an end');
          if (text[at] !== '"') field += text[at++];
          else if (text[at + 1] === '"') {
            field += '"';
            at += 2;
          } else break;
        }
        at++;
      } else {
        while (at < text.length && text[at] !== ',' && text[at] !== '\r' && text[at] !== '\n') {
          if (text[at] === '"') throw new Error(`bare quote at ${at}`);
          field += text[at++];
        }
      }
      row.push(field);
      if (text[at] === ',') {
        at++;
        continue;
      }
      if (text.slice(at, at + 2) !== '\r\n') throw new Error(`expected CR LF at ${at}`);
      at += 2;
      break;
    }
    rows.push(row);
  }
  return rows;
}

/** The records by column name. */
export function records(text: string): readonly Readonly<Record<string, string>>[] {
  const [header, ...rows] = readCsv(text);
  return rows.map((row) => Object.fromEntries(header!.map((name, index) => [name, row[index]!])));
}
