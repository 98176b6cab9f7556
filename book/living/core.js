/* What the living figures share. Classic scripts with `defer`, on pages that hold a figure only: a
   book read from disk (file://) may not import ES modules. To write a figure NAME:

   1. In a notebook, on a line of its own: <!-- living figure: NAME -->, then a paragraph with a
      link to the book's page, .../PAGE.html#NAME (the book drops it, Colab shows it).
   2. In book/_ext/living_figures.py, an entry of FIGURES: title, descriptions, scripts of this
      folder, data (what functions in DATA return becomes ddpgLiving.data.KEY), still picture.
   3. In book/living/FILE.js:

        ddpgLiving.define("NAME", fig => {
          const s = fig.state({step: 0, theta: 3.1});    // from the address, #NAME?step=3&theta=1.2
          fig.canvas({label: "...", ratio: 1, draw(c, w, h, color) { ... }});
          fig.slider({label: "Step", min: 0, max: 9, key: "step", show: v => `${v}`});
          fig.button("Push", () => { ... });
          fig.loop(20, () => { ... }, {play: true});     // 20 steps a second; makes Play and Pause
          fig.onstate = () => { ... };                   // the address has changed the state
        });

   fig.save() writes the state to the address (a slider or choice with a `key` does so); fig.draw()
   draws all canvases in the next frame; fig.output() makes a line of text, fig.say(text) tells
   screen readers. In draw, `c` is a 2D context in CSS pixels and `color` has the book's colors by
   name. Loops stop out of sight and begin paused where reduced motion is preferred. fig.fps is
   measured; fig.rate(r) changes the steps a second.

   ddpgLiving.pendulum is Gymnasium's Pendulum-v1 in float64; .Network has dense layers with forward
   and backward; .random(seed) gives uniform() and normal(); .floats(base64, bits) reads weights. */
"use strict";
(() => {
	const L = window.ddpgLiving = window.ddpgLiving || {};
	L.data = L.data || {};
	L.figures = {};
	const makers = {};
	const TAU = 2 * Math.PI;
	const clip = (x, low, high) => Math.min(Math.max(x, low), high);
	L.clip = clip;

	/* ---- The pendulum: Gymnasium's Pendulum-v1 ---- */
	const wrap = theta => ((theta + Math.PI) % TAU + TAU) % TAU - Math.PI;
	L.pendulum = {
		maxTorque: 2, maxSpeed: 8, dt: 0.05, horizon: 200, wrap,
		// [next theta, next speed, reward]; the reward is of the state before the step.
		step(theta, speed, torque) {
			const u = clip(torque, -2, 2), angle = wrap(theta);
			const reward = -(angle * angle + 0.1 * speed * speed + 0.001 * u * u);
			const next = clip(speed + (15 * Math.sin(theta) + 3 * u) * 0.05, -8, 8);
			return [theta + next * 0.05, next, reward];
		},
		// As the environment hands it out: rounded to 32 bits.
		observe: (theta, speed) => Float32Array.of(Math.cos(theta), Math.sin(theta), speed),
	};

	/* ---- Networks ---- */
	const ACT = {
		relu: [x => (x > 0 ? x : 0), y => (y > 0 ? 1 : 0)],
		tanh: [Math.tanh, y => 1 - y * y],
		linear: [x => x, () => 1],
	};
	L.Network = class {
		// sizes [3, 64, 64, 1]; weights: for each layer {w: inputs x outputs by rows, b}, zeros without.
		constructor(sizes, hidden = "relu", last = "linear", layers = null) {
			this.sizes = sizes;
			this.layers = sizes.slice(1).map((outputs, i) => ({
				inputs: sizes[i], outputs, kind: ACT[i < sizes.length - 2 ? hidden : last],
				w: layers ? layers[i].w : new Float64Array(sizes[i] * outputs),
				b: layers ? layers[i].b : new Float64Array(outputs),
			}));
		}
		// The output for one input; keeps what backward needs.
		forward(x) {
			this.seen = [x];
			for (const l of this.layers) {
				const y = Float64Array.from(l.b), n = l.outputs;
				for (let i = 0, k = 0; i < l.inputs; i++) {
					const xi = x[i];
					for (let j = 0; j < n; j++) y[j] += xi * l.w[k++];
				}
				for (let j = 0; j < n; j++) y[j] = l.kind[0](y[j]);
				this.seen.push(x = y);
			}
			return x;
		}
		// After forward: from the gradient at the output to the one at the input. With `grads`, a list
		// of {w, b} like the layers, adds those of the weights.
		backward(dy, grads = null) {
			for (let m = this.layers.length - 1; m >= 0; m--) {
				const l = this.layers[m], x = this.seen[m], y = this.seen[m + 1], n = l.outputs;
				const dz = Float64Array.from(dy, (d, j) => d * l.kind[1](y[j]));
				const dx = new Float64Array(l.inputs);
				for (let i = 0, k = 0; i < l.inputs; i++) {
					let sum = 0;
					for (let j = 0; j < n; j++, k++) {
						sum += dz[j] * l.w[k];
						if (grads) grads[m].w[k] += dz[j] * x[i];
					}
					dx[i] = sum;
				}
				if (grads) for (let j = 0; j < n; j++) grads[m].b[j] += dz[j];
				dy = dx;
			}
			return dy;
		}
	};
	// A recorded network: all weights in one array, layer by layer, weights then biases.
	L.network = (sizes, hidden, last, flat) => {
		let at = 0;
		const take = n => flat.subarray(at, at += n);
		const layers = sizes.slice(1).map((n, i) => ({ w: take(sizes[i] * n), b: take(n) }));
		if (at !== flat.length) throw Error(`${flat.length} weights for a network of ${at}`);
		return new L.Network(sizes, hidden, last, layers);
	};
	const half = h => {
		const sign = h >> 15 ? -1 : 1, e = h >> 10 & 31, m = h & 1023;
		return sign * (e ? 2 ** (e - 15) * (1 + m / 1024) : 2 ** -24 * m);
	};
	// Little-endian numbers of 16 or 32 bits in base64, as float64.
	L.floats = (text, bits) => {
		const raw = Uint8Array.from(atob(text), c => c.charCodeAt(0)), v = new DataView(raw.buffer);
		return Float64Array.from({ length: raw.length * 8 / bits }, (_, i) =>
			bits === 16 ? half(v.getUint16(2 * i, true)) : v.getFloat32(4 * i, true));
	};

	/* ---- Random numbers (mulberry32, by Tommy Ettinger, public domain) ---- */
	L.random = seed => {
		let a = seed >>> 0;
		const uniform = () => {
			a = a + 0x6D2B79F5 | 0;
			let t = Math.imul(a ^ a >>> 15, 1 | a);
			t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
			return ((t ^ t >>> 14) >>> 0) / 4294967296;
		};
		const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(TAU * uniform());
		return { uniform, normal };
	};

	/* ---- Drawing ---- */
	const NAMES = "surface ink quiet grid muted actor critic truth replay target noise world".split(" ");
	let colors = {};
	const readColors = () => {
		const style = getComputedStyle(document.documentElement);
		for (const n of NAMES) colors[n] = style.getPropertyValue(`--ddpg-${n}`).trim() || "gray";
		colors.font = style.getPropertyValue("--ddpg-sans").trim() || "sans-serif";
	};
	L.minus = text => String(text).replace(/-/g, "−");
	L.line = (c, points, color, width = 2) => {
		c.beginPath();
		points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
		c.strokeStyle = color;
		c.lineWidth = width;
		c.lineJoin = c.lineCap = "round";
		c.stroke();
	};
	L.dot = (c, x, y, r, color) => {
		c.beginPath();
		c.arc(x, y, r, 0, TAU);
		c.fillStyle = color;
		c.fill();
	};
	L.text = (c, words, x, y, color, align = "left", size = 13) => {
		c.font = `${size}px ${colors.font}`;
		c.textAlign = align;
		c.textBaseline = "middle";
		c.fillStyle = color;
		c.fillText(L.minus(words), x, y);
	};
	L.arrow = (c, x0, y0, x1, y1, color, width = 2.5) => {
		const a = Math.atan2(y1 - y0, x1 - x0), n = Math.min(9, 3 + Math.hypot(x1 - x0, y1 - y0) / 2);
		L.line(c, [[x0, y0], [x1, y1]], color, width);
		for (const d of [2.6, -2.6])
			L.line(c, [[x1, y1], [x1 + n * Math.cos(a + d), y1 + n * Math.sin(a + d)]], color, width);
	};
	// Axes with round ticks; returns the two scales from numbers to pixels, and back for x.
	L.axes = (c, w, h, { x, y, xlabel = "", ylabel = "", left = 48, xticks = 4, yticks = 4 }, k) => {
		const bottom = h - (xlabel ? 42 : 24), top = ylabel ? 26 : 10, right = w - 22;
		const X = v => left + (v - x[0]) / (x[1] - x[0]) * (right - left);
		const Y = v => bottom - (v - y[0]) / (y[1] - y[0]) * (bottom - top);
		const ticks = ([a, b], n) => {
			const rough = (b - a) / n, p = 10 ** Math.floor(Math.log10(rough));
			const d = p * [1, 2, 5, 10].find(m => m * p >= rough * 0.999), out = [];
			for (let v = Math.ceil(a / d - 1e-9) * d; v <= b + 1e-9 * d; v += d) out.push(+v.toPrecision(6));
			return out;
		};
		for (const v of ticks(y, yticks)) {
			L.line(c, [[left, Y(v)], [right, Y(v)]], k.grid, 1);
			L.text(c, v.toLocaleString("en-US"), left - 7, Y(v), k.quiet, "right");
		}
		for (const v of ticks(x, xticks))
			L.text(c, v.toLocaleString("en-US"), X(v), bottom + 13, k.quiet, "center");
		if (xlabel) L.text(c, xlabel, (left + right) / 2, h - 9, k.quiet, "center");
		if (ylabel) L.text(c, ylabel, 2, 9, k.quiet);
		const X1 = p => x[0] + (p - left) / (right - left) * (x[1] - x[0]);
		return { X, Y, X1, left, right, top, bottom };
	};
	// Tip of a pendulum with its pivot in the middle; 0 is up, counterclockwise positive.
	L.tip = (theta, w, h) => {
		const r = 0.36 * Math.min(w, h);
		return [w / 2 - r * Math.sin(theta), h / 2 - r * Math.cos(theta)];
	};
	L.drawPendulum = (c, w, h, theta, torque, k, { rod = k.ink, motor = k.actor } = {}) => {
		const [x, y] = L.tip(theta, w, h), r = 0.36 * Math.min(w, h);
		c.beginPath();
		c.arc(w / 2, h / 2, r, 0, TAU);
		c.strokeStyle = k.grid;
		c.lineWidth = 1;
		c.stroke();
		L.line(c, [[w / 2, h / 2 - r - 5], [w / 2, h / 2 - r + 5]], k.quiet, 1.5);
		L.line(c, [[w / 2, h / 2], [x, y]], rod, Math.max(5, r / 9));
		L.dot(c, w / 2, h / 2, Math.max(2, r / 36), k.surface);
		if (Math.abs(torque) > 0.02) {
			// An arc around the pivot, from the top; its length is the torque.
			const q = r * 0.42, sweep = torque / 2 * 2.2, end = -Math.PI / 2 - sweep;
			c.beginPath();
			c.arc(w / 2, h / 2, q, -Math.PI / 2, end, torque > 0);
			c.strokeStyle = motor;
			c.lineWidth = 3;
			c.stroke();
			const ex = w / 2 + q * Math.cos(end), ey = h / 2 + q * Math.sin(end);
			const t = end - Math.sign(torque) * Math.PI / 2;
			L.arrow(c, ex - Math.cos(t), ey - Math.sin(t), ex + 4 * Math.cos(t), ey + 4 * Math.sin(t), motor, 3);
		}
	};

	/* ---- A figure on the page ---- */
	const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
	const make = (tag, attributes = {}, ...inside) => {
		const e = document.createElement(tag);
		for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
		e.append(...inside);
		return e;
	};
	L.make = make;

	class Figure {
		constructor(root, name) {
			Object.assign(this, { root, name, canvases: [], sliders: {}, fps: 0, playing: false });
			this.reduced = calm.matches;
			this.stage = make("div", { class: "living-stage" });
			this.controls = make("div", { class: "living-controls" });
			this.live = make("p", { class: "living-live", "aria-live": "polite" });
			this.visible = true;
			new IntersectionObserver(([e]) => {
				this.visible = e.isIntersecting;
				if (this.visible) this.draw();
			}).observe(root);
		}
		state(defaults) {
			this.defaults = defaults;
			this.values = { ...defaults };
			this.read();
			return this.values;
		}
		// Take over what the address says, if it names this figure.
		read() {
			const [name, query] = decodeURIComponent(location.hash.slice(1)).split("?");
			if (name !== this.name || query === undefined) return false;
			Object.assign(this.values, this.defaults);
			for (const [key, text] of new URLSearchParams(query)) {
				if (!(key in this.defaults)) continue;
				const was = this.defaults[key], value = typeof was === "number" ? Number(text) : text;
				if (typeof value === "string" || Number.isFinite(value)) this.values[key] = value;
			}
			return true;
		}
		save() {
			clearTimeout(this.saving);
			this.saving = setTimeout(() => {
				const q = Object.entries(this.values).map(([key, v]) =>
					`${key}=${encodeURIComponent(typeof v === "number" ? +v.toFixed(3) : v)}`);
				history.replaceState(history.state, "", `#${this.name}?${q.join("&")}`);
			}, 250);
		}
		draw() {
			if (this.drawing) return;
			this.drawing = requestAnimationFrame(() => {
				this.drawing = 0;
				for (const paint of this.canvases) paint();
			});
		}
		// A canvas that keeps its ratio (height over width), in a row of its own if `wide`. With `drag(x, y, w, h, phase)` it hears
		// mouse and touch; with `keys` {ArrowLeft(event) {...}} it takes the focus and hears keys.
		canvas({ label, ratio = 0.7, grow = 1, wide = false, draw, drag, keys, role = "img" }) {
			const e = make("canvas", { role, "aria-label": label });
			const box = make("div", { class: "living-canvas", style: wide ? "flex-basis:100%" : `flex-grow:${grow}` }, e);
			this.stage.append(box);
			const c = e.getContext("2d");
			let w = 0, h = 0;
			const paint = () => {
				if (!w || !this.visible) return;
				c.setTransform(e.width / w, 0, 0, e.height / h, 0, 0);
				c.clearRect(0, 0, w, h);
				draw(c, w, h, colors);
			};
			new ResizeObserver(() => {
				w = box.clientWidth;
				const narrow = innerWidth < 500; // a phone: flat figures higher, square ones lower
				h = Math.round(w * (!narrow ? ratio : wide ? 1.7 * ratio : Math.min(ratio, 0.72)));
				e.style.height = `${h}px`;
				const dots = Math.min(window.devicePixelRatio || 1, 2);
				e.width = w * dots;
				e.height = h * dots;
				paint();
			}).observe(box);
			this.canvases.push(paint);
			if (drag) {
				e.classList.add("living-drag");
				e.style.touchAction = keys ? "none" : "pan-y"; // a chart is dragged sideways only
				const hear = phase => event => {
					if (phase === "down") {
						if (event.button) return;
						e.setPointerCapture(event.pointerId);
						e.focus({ preventScroll: true });
						this.dragging = true;
					} else if (!this.dragging) return;
					if (phase === "up") this.dragging = false;
					const r = e.getBoundingClientRect();
					drag(event.clientX - r.left, event.clientY - r.top, w, h, phase);
					this.draw();
				};
				e.addEventListener("pointerdown", hear("down"));
				e.addEventListener("pointermove", hear("move"));
				for (const end of ["pointerup", "pointercancel"]) e.addEventListener(end, hear("up"));
			}
			if (keys) {
				e.tabIndex = 0;
				for (const kind of ["keydown", "keyup"])
					e.addEventListener(kind, event => {
						if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
						event.preventDefault();
						keys[event.key](event);
						this.draw();
					});
			}
			return e;
		}
		// A slider. With `key` it holds that part of the state; `input(value)` is called after.
		slider({ label, min, max, step = 1, key, value, input, show = v => `${v}` }) {
			const e = make("input", { type: "range", min, max, step, "aria-label": label });
			const out = make("output", {});
			const set = v => {
				e.value = v;
				out.textContent = L.minus(show(Number(e.value)));
				e.setAttribute("aria-valuetext", out.textContent);
			};
			set(key ? this.values[key] : value);
			e.addEventListener("input", () => {
				const v = Number(e.value);
				set(v);
				if (key) {
					this.values[key] = v;
					this.save();
				}
				if (input) input(v);
				this.draw();
			});
			this.controls.append(make("label", { class: "living-slider" }, make("span", {}, label), e, out));
			if (key) this.sliders[key] = set;
			return { e, set };
		}
		button(label, press) {
			const e = make("button", { type: "button" }, label);
			e.addEventListener("click", () => {
				press(e);
				this.draw();
			});
			this.controls.append(e);
			return e;
		}
		// A menu of `options` [[value, words], ...] that holds a part of the state.
		choice({ label, options, key, input }) {
			const e = make("select", {}, ...options.map(([v, words]) => make("option", { value: v }, words)));
			const number = typeof this.defaults[key] === "number";
			const set = v => { e.value = String(v); };
			set(this.values[key]);
			e.addEventListener("change", () => {
				this.values[key] = number ? Number(e.value) : e.value;
				this.save();
				if (input) input(this.values[key]);
				this.draw();
			});
			this.controls.append(make("label", { class: "living-choice" }, make("span", {}, label), e));
			this.sliders[key] = set;
			return e;
		}
		output(label = "") {
			const value = make("span");
			this.controls.append(make("p", { class: "living-output" }, label ? `${label} ` : "", value));
			return words => { if (value.textContent !== words) value.textContent = L.minus(words); };
		}
		say(words) { this.live.textContent = L.minus(words); }
		// Calls step() `rate` times a second while playing, draws every frame, and makes a button.
		// The fraction of a step that has passed is fig.part, in [0, 1).
		loop(rate, step, { play = true, changed = null } = {}) {
			this.part = 0;
			this.rate = r => { rate = r; };
			let last = 0, frames = 0, since = 0;
			const tick = now => {
				if (!this.playing) return;
				requestAnimationFrame(tick);
				const gone = last ? Math.min(now - last, 250) : 0;
				last = now;
				if (!this.visible || document.hidden) return;
				frames++;
				if (now - since > 1000) {
					this.fps = since ? frames * 1000 / (now - since) : 0;
					[frames, since] = [0, now];
				}
				this.part += gone / 1000 * rate;
				while (this.part >= 1 && this.playing) {
					this.part -= 1;
					step();
				}
				for (const paint of this.canvases) paint();
			};
			this.play = on => {
				if (on === this.playing) return;
				this.playing = on;
				button.textContent = on ? "Pause" : "Play";
				last = since = frames = 0;
				if (on) requestAnimationFrame(tick);
				else this.part = 0;
				if (changed) changed(on);
				this.draw();
			};
			const button = this.button("Play", () => this.play(!this.playing));
			if (play && !this.reduced) this.play(true);
			return button;
		}
	}

	L.define = (name, maker) => { makers[name] = maker; };

	const mount = root => {
		const name = root.dataset.living;
		if (!makers[name] || L.figures[name]) return;
		const fig = L.figures[name] = new Figure(root, name);
		const before = root.querySelector("figcaption");
		root.insertBefore(fig.stage, before);
		root.insertBefore(fig.controls, before);
		root.insertBefore(fig.live, before);
		makers[name](fig);
		root.classList.add("living-on");
		if (location.hash.startsWith(`#${name}?`)) root.scrollIntoView({ block: "center" });
		fig.draw();
	};
	// Every script of the page has run when this does: all are deferred.
	document.addEventListener("DOMContentLoaded", () => {
		readColors();
		document.querySelectorAll("figure.living[data-living]").forEach(mount);
		const redraw = () => {
			readColors();
			for (const fig of Object.values(L.figures)) fig.draw();
		};
		new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
		document.fonts?.ready.then(redraw);
		window.addEventListener("hashchange", () => {
			for (const fig of Object.values(L.figures)) {
				if (!fig.values || !fig.read()) continue;
				for (const [key, set] of Object.entries(fig.sliders)) set(fig.values[key]);
				if (fig.onstate) fig.onstate();
				fig.root.scrollIntoView({ block: "center" });
				fig.draw();
			}
		});
	});
})();
