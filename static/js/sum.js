// A running total of amounts while they are typed: [data-sum-of="selector of a part of the page"] shows the yen of its
// input[data-yen] fields. Full-width digits, commas and 円 are understood; what is not a number counts as nothing.

function yenOf(text) {
  const plain = text.normalize("NFKC").replace(/[,，円\s]/g, "");
  return /^\d+$/.test(plain) ? Number(plain) : 0;
}

function watch(output) {
  const part = document.querySelector(output.dataset.sumOf);
  if (!part) return;
  const count = () => {
    const sum = [...part.querySelectorAll("input[data-yen]")].reduce((total, input) => total + yenOf(input.value), 0);
    output.textContent = `${sum.toLocaleString("ja-JP")}円`;
  };
  part.addEventListener("input", count);
  count();
}

for (const output of document.querySelectorAll("[data-sum-of]")) watch(output);
