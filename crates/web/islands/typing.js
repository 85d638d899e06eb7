// Asks while somebody types, and shows the answer beside what is typed. Only an aid: whatever it
// shows is shown again, and decided, when the form is sent; without it nothing is missing.
//
// A place says itself what it asks: <div data-ask="/path" data-words="fields that are typed"
// data-with="fields that go along">, and is then a live region. The answer is HTML of ours with its part
// marked data-answer; a button in it with data-put writes that value into the field.
(() => {
  "use strict";
  const PAUSE_MS = 500;
  const LETTERS = 3;

  const fields = (names) => (names || "").split(" ").filter(Boolean);

  const show = (place, parts) => {
    const box = document.createElement("div");
    box.append(...parts);
    // The same answer again is not read out again.
    if (box.innerHTML !== place.innerHTML) place.replaceChildren(...box.childNodes);
  };

  const follow = (place) => {
    const form = place.closest("form");
    const words = fields(place.dataset.words);
    const along = fields(place.dataset.with);
    let pause, running, asked;
    place.setAttribute("aria-live", "polite");

    const question = () => {
      const typed = new FormData(form);
      const said = new URLSearchParams();
      const of = (name) => typed.getAll(name).filter((value) => typeof value === "string" && value.trim());
      for (const name of words.concat(along)) of(name).forEach((value) => said.append(name, value));
      const letters = words.flatMap(of).join("").replace(/[^\p{L}\p{N}]/gu, "").length;
      return letters < LETTERS ? "" : said.toString();
    };

    const ask = async () => {
      const said = question();
      if (said === asked) return;
      asked = said;
      if (!said || !navigator.onLine) return show(place, []);
      const seal = form.elements.namedItem("_sello").value;
      running = new AbortController();
      try {
        const body = new URLSearchParams(`${said}&_sello=${encodeURIComponent(seal)}`);
        const answer = await fetch(place.dataset.ask, { method: "POST", body, signal: running.signal });
        const text = answer.ok && !answer.redirected ? await answer.text() : "";
        const part = new DOMParser().parseFromString(text, "text/html").querySelector("[data-answer]");
        show(place, part ? [part] : []);
      } catch (error) {
        if (error.name === "AbortError") return;
        asked = undefined;
        show(place, []);
      }
    };

    form.addEventListener("input", (event) => {
      if (!words.includes(event.target.name) && !along.includes(event.target.name)) return;
      clearTimeout(pause);
      if (running) running.abort();
      pause = setTimeout(ask, PAUSE_MS);
    });

    place.addEventListener("click", (event) => {
      const chosen = event.target.closest("button[data-put]");
      if (!chosen) return;
      const field = form.elements.namedItem(words[0]);
      field.value = chosen.dataset.put;
      asked = question();
      const said = document.createElement("p");
      said.textContent = chosen.textContent;
      show(place, [said]);
      field.focus();
    });
  };

  document.querySelectorAll("[data-ask]").forEach(follow);
})();
