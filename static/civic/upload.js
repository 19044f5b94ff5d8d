// Sends a large file in parts (tus 1.0.0, core/tus.py), so that a cut line or a closed page costs one part. Without it the form sends
// the file in one go. Once the file has arrived, the form is sent with the upload's number in place of the file.
const form = document.querySelector("form[data-resumable]");
const panel = document.querySelector("[data-sending]");

const VERSION = { "Tus-Resumable": "1.0.0" };
const WAITS = [1, 2, 4, 8, 15, 30];

class Ended extends Error {}

class Sending {
  constructor(file, input) {
    Object.assign(this, { file, input, url: "", offset: 0, stopped: false, abort: null });
    this.token = form.elements.csrfmiddlewaretoken.value;
  }

  // The one upload of the same file that was begun before, on this page's list.
  begun() {
    const same = (item) => item.dataset.name === this.file.name && Number(item.dataset.size) === this.file.size && item.dataset.modified === String(this.file.lastModified);
    return [...document.querySelectorAll("[data-upload]")].find(same)?.dataset.upload;
  }

  async ask(url, method, headers = {}, body = undefined) {
    this.abort = new AbortController();
    const told = { ...VERSION, "X-CSRFToken": this.token, ...headers };
    const answer = await fetch(url, { method, headers: told, body, signal: this.abort.signal, redirect: "manual", credentials: "same-origin" });
    // The sign-in page stands in for the answer: the session is over.
    if (answer.type === "opaqueredirect" || answer.status === 401) throw new Ended("signedout");
    return answer;
  }

  async begin() {
    const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    const metadata = `filename ${encoded(this.file.name)},modified ${encoded(String(this.file.lastModified))}`;
    const answer = await this.ask(panel.dataset.sending, "POST", { "Upload-Length": String(this.file.size), "Upload-Metadata": metadata });
    if (answer.status !== 201) throw new Ended((await answer.text()) || "failed");
    this.url = answer.headers.get("Location");
  }

  // Where it stands, and a token that is still good.
  async locate() {
    const answer = await this.ask(this.url, "HEAD");
    if (answer.status === 404) throw new Ended("gone");
    if (!answer.ok) throw new Error(answer.status);
    this.offset = Number(answer.headers.get("Upload-Offset"));
    this.token = answer.headers.get("X-CSRFToken");
  }

  async part() {
    const bytes = await this.file.slice(this.offset, this.offset + Number(panel.dataset.part)).arrayBuffer();
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(this.offset) };
    if (crypto.subtle) {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      headers["Upload-Checksum"] = `sha256 ${btoa(String.fromCharCode(...digest))}`;
    }
    const answer = await this.ask(this.url, "PATCH", headers, bytes);
    if (answer.status === 413 || answer.status === 507) throw new Ended((await answer.text()) || "failed");
    if (answer.status !== 204) throw new Error(answer.status);
    this.offset = Number(answer.headers.get("Upload-Offset"));
  }

  async run() {
    this.stopped = false;
    for (let failures = 0; !this.stopped; ) {
      try {
        if (!this.url) this.url = this.begun() ?? "";
        if (!this.url) await this.begin();
        else await this.locate();
        while (!this.stopped && this.offset < this.file.size) {
          show(this.file, this.offset);
          await this.part();
          failures = 0;
        }
        if (!this.stopped) return this.finish();
      } catch (error) {
        if (this.stopped) return;
        if (error instanceof Ended) return halt(error.message, this);
        say("cut");
        await moment(WAITS[Math.min(failures++, WAITS.length - 1)]);
      }
    }
  }

  stop() {
    this.stopped = true;
    this.abort?.abort();
  }

  async cancel() {
    this.stop();
    if (this.url) {
      await this.locate().catch(() => {});
      await this.ask(this.url, "DELETE").catch(() => {});
    }
    location.reload();
  }

  finish() {
    say("arrived");
    const number = document.createElement("input");
    Object.assign(number, { type: "hidden", name: "upload", value: this.url.split("/").at(-2) });
    this.input.disabled = true;
    form.elements.csrfmiddlewaretoken.value = this.token;
    form.append(number);
    form.submit();
  }
}

// A wait that ends at once when the line comes back.
function moment(seconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
    addEventListener("online", resolve, { once: true });
  });
}

function megabytes(bytes) {
  return (bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
}

const text = panel?.querySelector("[role=status]");
const bar = panel?.querySelector("progress");

function say(key, words = {}) {
  const found = panel.dataset[key] ?? key;
  const said = found.replace(/\{(\w+)\}/g, (_whole, name) => words[name]);
  if (text.textContent !== said) text.textContent = said;
}

// The bar moves with each part; the figure, which is read aloud, only every tenth.
function show(file, offset) {
  const tenth = Math.floor((offset / file.size) * 10) / 10;
  say("progress", { done: megabytes(tenth * file.size), total: megabytes(file.size) });
  bar.value = offset / file.size;
}

function buttons(paused) {
  panel.querySelector("[data-while=sending]").hidden = paused;
  panel.querySelector("[data-while=paused]").hidden = !paused;
}

function halt(why, sending) {
  sending.stop();
  say(why);
  panel.querySelector("[data-signin]").hidden = why !== "signedout";
  if (why === "gone") sending.url = "";
  buttons(true);
}

function start(sending) {
  form.hidden = true;
  panel.hidden = false;
  panel.querySelector("[data-name]").textContent = sending.file.name;
  panel.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (act === "pause") {
      sending.stop();
      say("paused");
      buttons(true);
    } else if (act === "resume") {
      panel.querySelector("[data-signin]").hidden = true;
      buttons(false);
      sending.run();
    } else if (act === "cancel") {
      sending.cancel();
    }
  });
  panel.querySelector("h2").focus();
  buttons(false);
  show(sending.file, 0);
  sending.run();
}

// Says at once that a file is too heavy, rather than after it was sent. A page or a photo may weigh less than a file of data.
function weigh(input) {
  const file = input.files[0];
  const page = file && (file.type.startsWith("image/") || file.type === "application/pdf");
  const most = Number(page ? panel.dataset.paper : panel.dataset.most);
  const heavy = Boolean(file) && file.size > most;
  document.getElementById("heavy")?.remove();
  input.classList.toggle("govuk-file-upload--error", heavy);
  input.toggleAttribute("aria-invalid", heavy);
  if (heavy) {
    const words = { name: file.name, size: megabytes(file.size), most: megabytes(most) };
    const told = Object.assign(document.createElement("p"), { id: "heavy", className: "govuk-error-message" });
    told.setAttribute("role", "alert");
    told.textContent = panel.dataset.heavy.replace(/\{(\w+)\}/g, (_whole, name) => words[name]);
    input.before(told);
  }
  return heavy;
}

if (form && panel) {
  form.addEventListener("change", (event) => event.target.type === "file" && weigh(event.target));
  form.addEventListener("submit", (event) => {
    const input = form.querySelector("input[type=file]");
    const file = input.files[0];
    if (weigh(input)) {
      event.preventDefault();
      input.focus();
      return;
    }
    if (!file || file.size <= Number(panel.dataset.part)) return;
    event.preventDefault();
    start(new Sending(file, input));
  });
}
