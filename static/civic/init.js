// Loaded on every page; nothing here is needed to use a page.
// After an error, the reader starts at the list of problems.
document.querySelector(".govuk-error-summary")?.focus();

// “Quitter vite”: the screen is blank at once, and the page is not in the history. Three times Shift, within five seconds, does the same.
const exit = document.querySelector("[data-exit]");
const leave = () => {
  document.body.hidden = true;
  document.title = "…";
  location.replace(exit.href);
};
let pressed = 0;
let alone = false;
let timer;
const say = (text) => (exit.nextElementSibling.textContent = text);
if (exit) {
  exit.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  addEventListener("keydown", (event) => {
    alone = event.key === "Shift";
    pressed = alone ? pressed : 0;
  });
  addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    pressed += 1;
    clearTimeout(timer);
    timer = setTimeout(() => say((pressed = 0) || ""), 5000);
    if (pressed === 3) leave();
    else say(pressed === 1 ? exit.dataset.more : exit.dataset.once);
  });
}
