// Collects the addresses of the pictures on the open page, and saves them as urls.txt, one per line.
(() => {
  const found = new Set();
  const take = (text) => {
    try {
      const url = new URL(text, document.baseURI);
      if (/^https?:$/.test(url.protocol)) found.add(url.href);
    } catch { /* no address */ }
  };
  const largest = (srcset) =>
    srcset.split(/,\s+/).map((part) => part.trim().split(/\s+/)).sort((a, b) => parseFloat(b[1]) - parseFloat(a[1]))[0][0];
  for (const image of document.querySelectorAll("img")) {
    const big = Math.max(image.naturalWidth, image.naturalHeight, image.width, image.height) >= 100;
    const link = image.closest("a[href]");
    const late = image.dataset.src || image.dataset.original || image.dataset.iurl;
    if (link && /\.(jpe?g|png|webp|avif)(\?|$)/i.test(link.href)) take(link.href);
    else if (late) take(late);
    else if (big && image.srcset) take(largest(image.srcset));
    else if (big && image.currentSrc) take(image.currentSrc);
  }
  if (!found.size) return alert("No pictures of 100 pixels or more on this page. Scroll down first, so that they load.");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([[...found].join("\n") + "\n"], { type: "text/plain" }));
  link.download = "urls.txt";
  link.click();
})();
