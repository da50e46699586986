// The entry: takes what the server sends, and has it drawn again whenever a control moves.
// Nothing is sent to the server while one does.

class Viewer {
  constructor(root) {
    this.root = root;
    this.pictures = root.querySelector(".pictures");
    this.figures = [];
    this.readout = new Readout(root.querySelector(".readout"));
    this.controls = new Controls(root, {
      changed: () => this.schedule(),
      keep: () => this.keep(),
    });
    this.resized = new ResizeObserver(() => this.schedule());
    this.resized.observe(this.pictures);
  }

  async update({ header, blob, floats }, askForFull) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.askForFull = askForFull;
    const { picture } = header;
    if (this.controls.speak(header.words)) this.shape = null; // the figures are made anew
    const id = `${picture.id} ${picture.full}`;
    let bitmap = this.scene?.bitmap;
    if (this.bitmapId !== id) {
      bitmap = await createImageBitmap(new Blob([blob(picture.encoded)]));
      if (turn !== this.turn) return; // a newer answer came while this one was decoded
    }
    this.bitmapId = id;
    const luts = blob(header.luts);
    this.scene = {
      header,
      bitmap,
      maps: header.maps.map((map) => ({ ...map, values: floats(map.values), raw: floats(map.raw) })),
      palettes: Object.fromEntries(
        header.colormaps.map(({ name }, i) => [name, luts.subarray(i * 768, (i + 1) * 768)])
      ),
    };
    this.controls.offer(header, this.scene.palettes);
    this.build();
    this.controls.show();
    this.draw();
    if (this.wanted && picture.full) {
      this.wanted = false;
      this.save();
    }
  }

  build() {
    const { header } = this.scene;
    const { maps, picture, grid, frame } = header;
    const shape = `${maps.length} ${picture.id} ${grid} ${Object.values(frame)}`;
    if (this.shape !== shape) {
      this.shape = shape;
      this.pictures.replaceChildren();
      this.pictures.classList.toggle("two", maps.length === 2);
      this.pictures.classList.toggle("plain", maps.length === 0);
      this.figures = [this.figure("original", null)];
      maps.forEach((_, i) => {
        const pair = maps.length === 2 ? ["overlay", "raw"] : ["raw", "overlay"];
        for (const kind of pair) this.figures.push(this.figure(kind, i));
      });
      if (maps.length === 2) this.pictures.append(aside());
    }
    for (const figure of this.figures) describe(figure, this.scene);
    this.root.querySelector(".controls").hidden = maps.length === 0;
    this.readout.follow(this.scene, this.figures);
  }

  figure(kind, index) {
    const { header, palettes } = this.scene;
    const made = makeFigure(kind, index, header, palettes[this.controls.settings.colormap]);
    this.pictures.append(made.node);
    this.readout.watch(made);
    return made;
  }

  schedule() {
    if (this.frameAsked || !this.scene) return;
    this.frameAsked = true;
    requestAnimationFrame(() => {
      this.frameAsked = false;
      this.draw();
    });
  }

  draw() {
    const { settings, comparing } = this.controls;
    for (const figure of this.figures) {
      const plain = figure.kind === "original" || comparing;
      if (figure.kind === "raw") drawRaw(figure, this.scene, settings);
      else drawPicture(figure.canvas, this.scene, settings, plain ? null : this.scene.maps[figure.index]);
    }
  }

  keep() {
    if (this.scene.header.picture.full) this.save();
    else {
      this.wanted = true; // the picture was sent smaller than it is: ask once for all of it
      this.askForFull();
    }
  }

  save() {
    return saveOverlays(this.figures, this.scene, this.controls.settings);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  root.viewer ??= new Viewer(root);
  root.viewer.update(unpack(data), () => setTriggerValue("full", true));
}
