// What pages/pdf.py asks of the page that it prints.
const nw = {};

// Returns the characters that print as empty boxes.
nw.missing = () => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `30px ${getComputedStyle(document.querySelector("#book")).fontFamily}, "Book Math"`;
  const drawn = (character) => {
    pen.clearRect(0, 0, 300, 150);
    pen.fillText(character, 50, 50);
    return pen.canvas.toDataURL();
  };
  const box = drawn("\uffff");
  const unseen = /[\s\p{Cc}\p{DI}]/u;
  const characters = [...new Set(document.querySelector("#book").textContent)];
  return characters.filter((c) => !unseen.test(c) && drawn(c) === box).join("");
};

// Makes a formula or table that is too wide smaller, and returns what is too wide all the same.
nw.fit = () => {
  const edge = document.querySelector(".chapter").getBoundingClientRect().right;
  const over = (element) => element.getBoundingClientRect().right > edge + 1;
  for (const element of document.querySelectorAll("math[display=block], table")) {
    const parts = [element, ...element.querySelectorAll("*")];
    for (let size = 1; size > 0.6 && parts.some(over); size -= 0.02) {
      element.style.fontSize = `${size}em`;
    }
  }
  return [...document.querySelectorAll(".chapter :not(svg *)")].filter(over).map((element) =>
    `${element.closest(".chapter").id}: ${element.textContent.trim().slice(0, 60)}`
  );
};

// Writes the page number of each anchor into the contents, and returns whether nothing has moved.
nw.numberContents = (numbers) => {
  const entries = [...document.querySelectorAll(".book-contents a")];
  const places = () => JSON.stringify(entries.map((entry) => entry.getBoundingClientRect()));
  const before = places();
  for (const entry of entries) entry.lastElementChild.textContent = numbers[entry.hash.slice(1)];
  return places() === before;
};
