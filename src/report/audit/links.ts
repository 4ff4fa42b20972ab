// Links from the page to the files beside it.

/** A link to a file beside the page, whatever its name: always a relative path, never a scheme or a host. */
export function relativeLink(path: string): string {
  const parts = path.toWellFormed().split(/[\\/]+/);
  return `./${parts
    .filter((part) => part !== '')
    .map(encodeURIComponent)
    .join('/')}`;
}
