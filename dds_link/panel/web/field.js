// One quantity of one channel. Its text is what the hardware holds; only while somebody types is it
// something else, and then it is marked, with the true value below.
const LABELS = { frequency: "Frequency", amplitude: "Amplitude", phase: "Phase", attenuation: "Attenuation" };
const DIGIT = /[0-9]/;

export const Field = {
  inject: ["ask"],
  props: { name: String, text: String, also: String, limits: String, channel: Number, link: String },
  template: `
    <div class="field" :class="[name, { draft: draft !== null, wrong: error, long: text.length > 16 }]">
      <label :for="id">{{ label }} <span class="also">{{ also }}</span></label>
      <div class="entry">
        <input ref="input" :id="id" :value="draft ?? text" :title="limits" placeholder="never set" type="text"
               inputmode="text" enterkeyhint="send" autocomplete="off" autocapitalize="off" spellcheck="false"
               :aria-invalid="!!error" :aria-describedby="id + '-note'" @input="type" @keydown="key" @click="pick"
               @focus="focused = true" @blur="leave" />
        <span class="readout" aria-hidden="true" v-show="!focused && text"><template
          v-for="part in parts"><span :class="part[0]">{{ part[1] }}</span></template></span>
        <span class="steps" v-if="focused">
          <button tabindex="-1" aria-label="One step up" @pointerdown.prevent="step(1)">▲</button>
          <button tabindex="-1" aria-label="One step down" @pointerdown.prevent="step(-1)">▼</button>
        </span>
      </div>
      <div :id="id + '-note'">
        <p class="error" role="alert" v-if="error">{{ error }}</p>
        <p class="note" v-else-if="draft !== null">Enter sends, Esc leaves {{ text || "it unset" }}</p>
        <p class="note" v-else-if="unsent">not sent: {{ unsent }}</p>
      </div>
    </div>`,
  data() {
    return { draft: null, error: "", unsent: "", focused: false };
  },
  created() {
    this.base = null; // what the last step asked for, until the hardware's own value comes
    this.place = null; // of the digit under the cursor: its distance to the point
    this.waiting = false;
    this.steps = 0;
  },
  computed: {
    id() {
      return `${this.name}-${this.channel}-${this.link}`;
    },
    label() {
      return LABELS[this.name];
    },
    // Digits in groups of three on both sides of the point, and the unit.
    parts() {
      const [number, unit] = this.text.split(" ");
      const [whole, fraction = ""] = number.split(".");
      const parts = whole.split(/(?=(?:[0-9]{3})+$)/).map((text) => ["three", text]);
      if (fraction) {
        const threes = fraction.match(/.{1,3}/g);
        parts.push(["point", "."], ...threes.map((text) => ["three", text]));
      }
      if (unit) parts.push(["unit", unit]);
      return parts;
    },
  },
  watch: {
    text() {
      this.base = null;
      if (this.focused && this.draft === null && this.place !== null) this.$nextTick(this.mark);
    },
  },
  methods: {
    type(event) {
      this.draft = event.target.value;
      this.error = this.unsent = "";
      this.place = null;
    },
    leave() {
      this.focused = false;
      this.unsent = this.draft !== null && this.draft !== this.text ? this.draft : "";
      this.draft = this.place = null;
    },
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Enter") this.enter();
      else if (event.key === "Escape") this.forget();
      else if (event.key === "ArrowUp") this.step(1);
      else if (event.key === "ArrowDown") this.step(-1);
      else if (event.key === "ArrowLeft" && this.place !== null && !event.shiftKey) this.move(-1);
      else if (event.key === "ArrowRight" && this.place !== null && !event.shiftKey) this.move(1);
      else return;
      event.preventDefault();
    },
    async enter() {
      const typed = this.draft;
      if (typed === null) return;
      this.draft = null;
      this.finish(await this.ask({ ...this.request("enter"), text: typed }), typed);
    },
    forget() {
      this.draft = null;
      this.error = this.unsent = "";
    },
    request(verb) {
      return { verb, link: this.link, channel: this.channel, field: this.name };
    },
    finish(reply, typed) {
      this.unsent = "";
      this.error = reply.error ? `${typed}: ${reply.error}` : "";
      this.base = reply.error ? null : reply.text;
    },
    // The digit under the cursor. Keys that come faster than answers are taken together.
    async step(count) {
      if (this.place === null && !this.choose()) return;
      this.steps += count;
      if (this.waiting) return;
      this.waiting = true;
      while (this.steps) {
        const text = this.draft ?? this.base ?? this.text;
        const steps = this.steps;
        this.steps = 0;
        const caret = point(text) - this.place;
        this.draft = null;
        const reply = await this.ask({ ...this.request("step"), text, caret, count: steps });
        this.finish(reply, `${steps > 0 ? "+" : ""}${steps} steps`);
        if (reply.error) this.steps = 0;
      }
      this.waiting = false;
      this.$nextTick(this.mark);
    },
    // Put the cursor on a digit; false if it was not on one, so that the first key only shows it.
    choose() {
      const input = this.$refs.input;
      const text = input.value;
      if (!DIGIT.test(text)) return false;
      const whole = input.selectionStart === 0 && input.selectionEnd === text.length;
      const caret = whole ? point(text) + (text.includes(".") ? 1 : -1) : digitNear(text, input.selectionStart);
      this.place = point(text) - caret;
      this.mark();
      return !whole;
    },
    pick() {
      const input = this.$refs.input;
      if (this.draft !== null || input.selectionStart !== input.selectionEnd || !DIGIT.test(input.value)) return;
      this.place = point(input.value) - digitNear(input.value, input.selectionStart);
      this.mark();
    },
    move(direction) {
      const text = this.$refs.input.value;
      let caret = point(text) - this.place + direction;
      if (text[caret] === ".") caret += direction;
      if (DIGIT.test(text[caret] ?? "")) this.place = point(text) - caret;
      this.mark();
    },
    mark() {
      const input = this.$refs.input;
      if (this.place === null || document.activeElement !== input) return;
      const caret = Math.max(0, point(input.value) - this.place);
      input.setSelectionRange(caret, caret + 1);
    },
  },
};

// Where the decimal point is, or would be.
function point(text) {
  const found = /^[^0-9]*[0-9]*/.exec(text);
  return found[0].length;
}

function digitNear(text, caret) {
  for (const place of [caret, caret - 1, caret + 1]) if (DIGIT.test(text[place] ?? "")) return place;
  return point(text) - 1;
}
