/* What the living figures share. How to write one stands at the head of book/_ext/living_figures.py.
   Classic scripts with `defer`: a book read from disk (file://) may not import ES modules. */
"use strict";
(() => {
	const L = window.ddpgLiving = window.ddpgLiving || {};
	L.data = L.data || {};
	L.figures = {};
	const makers = {};
	const TAU = 2 * Math.PI;
	const clip = (x, low, high) => Math.min(Math.max(x, low), high);
	L.clip = clip;
	// Where in a list what `far` measures is smallest.
	L.closest = (list, far) => list.reduce((best, v, i) => (far(v) < far(list[best]) ? i : best), 0);

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
	L.whole = v => v.toLocaleString("en-US");
	L.minus = text => String(text).replace(/-/g, "−");
	L.line = (c, points, color, width = 2, dash = []) => {
		c.setLineDash(dash);
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
	L.fill = (c, points, color) => {
		c.beginPath();
		for (const p of points) c.lineTo(...p);
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
	// Axes with round ticks; returns scales from numbers to pixels, X1 back, `points` of a curve, and
	// `mark`, which draws a line at x.
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
			L.text(c, L.whole(v), left - 7, Y(v), k.quiet, "right");
		}
		for (const v of ticks(x, xticks))
			L.text(c, L.whole(v), X(v), bottom + 13, k.quiet, "center");
		if (xlabel) L.text(c, xlabel, (left + right) / 2, h - 9, k.quiet, "center");
		if (ylabel) L.text(c, ylabel, 2, 9, k.quiet);
		const X1 = p => x[0] + (p - left) / (right - left) * (x[1] - x[0]);
		const points = (xs, ys) => xs.map((v, i) => [X(v), Y(ys[i])]);
		const mark = (v, color = k.quiet, dash = []) => L.line(c, [[X(v), top], [X(v), bottom]], color, 1, dash);
		return { X, Y, X1, points, mark, left, right, top, bottom };
	};
	// Tip of a pendulum with its pivot in the middle; 0 is up, counterclockwise positive.
	L.tip = (theta, w, h) => {
		const r = 0.36 * Math.min(w, h);
		return [w / 2 - r * Math.sin(theta), h / 2 - r * Math.cos(theta)];
	};
	L.drawPendulum = (c, w, h, theta, torque, k) => {
		const [x, y] = L.tip(theta, w, h), r = 0.36 * Math.min(w, h);
		c.beginPath();
		c.arc(w / 2, h / 2, r, 0, TAU);
		c.strokeStyle = k.grid;
		c.lineWidth = 1;
		c.stroke();
		L.line(c, [[w / 2, h / 2 - r - 5], [w / 2, h / 2 - r + 5]], k.quiet, 1.5);
		L.line(c, [[w / 2, h / 2], [x, y]], k.ink, Math.max(5, r / 9));
		L.dot(c, w / 2, h / 2, Math.max(2, r / 36), k.surface);
		if (Math.abs(torque) > 0.02) {
			// An arc around the pivot, from the top; its length is the torque.
			const q = r * 0.42, end = -Math.PI / 2 - 1.1 * torque;
			c.beginPath();
			c.arc(w / 2, h / 2, q, -Math.PI / 2, end, torque > 0);
			c.strokeStyle = k.actor;
			c.lineWidth = 3;
			c.stroke();
			const ex = w / 2 + q * Math.cos(end), ey = h / 2 + q * Math.sin(end);
			const t = end - Math.sign(torque) * Math.PI / 2;
			L.arrow(c, ex - Math.cos(t), ey - Math.sin(t), ex + 4 * Math.cos(t), ey + 4 * Math.sin(t), k.actor, 3);
		}
	};

	// A pendulum that moves: `before` is its angle one step ago, and `part` of a step has passed.
	L.Rod = class {
		constructor(theta = Math.PI, speed = 0) { this.put(theta, speed); }
		put(theta, speed = 0) {
			this.theta = this.before = theta;
			this.speed = speed;
			this.torque = 0;
		}
		push(by) { this.speed = clip(this.speed + by, -8, 8); }
		// Returns the reward.
		step(torque) {
			const [theta, speed, reward] = L.pendulum.step(this.theta, this.speed, torque);
			Object.assign(this, { theta, speed, torque, before: this.theta });
			return reward;
		}
		draw(c, w, h, k, part, torque = this.torque) {
			L.drawPendulum(c, w, h, this.before + part * (this.theta - this.before), torque, k);
		}
	};

	/* ---- A figure on the page ---- */
	const make = (tag, attributes = {}, ...inside) => {
		const e = document.createElement(tag);
		for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
		e.append(...inside);
		return e;
	};
	L.make = make;

	class Figure {
		constructor(root, name) {
			Object.assign(this, { root, name, canvases: [], sliders: {}, playing: false });
			this.reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
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
		// A canvas that keeps its ratio (height over width), in a row of its own if `wide`. With
		// `drag(x, y, w, h, phase)` it hears mouse and touch; with `keys` {ArrowLeft(event) {...}} it
		// takes the focus and hears keys.
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
				const dots = Math.min(devicePixelRatio, 2);
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
				e.addEventListener("keydown", event => {
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
		// The fraction of a step that has passed is fig.part; 1 while paused.
		loop(rate, step, { play = true } = {}) {
			this.part = 1;
			this.rate = r => { rate = r; };
			let last = 0;
			const tick = now => {
				if (!this.playing) return;
				requestAnimationFrame(tick);
				const gone = last ? Math.min(now - last, 250) : 0;
				last = now;
				if (!this.visible || document.hidden) return;
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
				last = 0;
				this.part = on ? 0 : 1;
				if (on) requestAnimationFrame(tick);
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
		addEventListener("hashchange", () => {
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
