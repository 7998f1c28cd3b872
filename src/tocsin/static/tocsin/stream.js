// Server-sent events over fetch(), which can send a token in a header: an EventSource would put it into the address,
// where logs keep it. Counts its states as an EventSource does; it does not come back by itself.

const SILENCE = 45_000; // the server says something every 15 seconds: after this the connection is lost

export class Stream extends EventTarget {
  readyState = 0;
  #ender = new AbortController();

  // `open(signal)` answers with the response.
  constructor(open) {
    super();
    this.#run(open);
  }

  close() {
    this.readyState = 2;
    clearTimeout(this.silence);
    this.#ender.abort();
  }

  async #run(open) {
    try {
      await this.#read(await open(this.#ender.signal));
    } catch {
      // lost, refused or closed: what follows is the same
    }
    if (this.readyState === 2) return;
    this.close();
    this.dispatchEvent(new Event("error"));
  }

  async #read(answer) {
    if (answer.status !== 200) return;
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    while (this.readyState === 1) {
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.#ender.abort(), SILENCE);
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (rest + value).split("\n\n");
      rest = pieces.pop();
      pieces.forEach((piece) => this.#tell(piece));
    }
  }

  #tell(piece) {
    const { event, data, id } = Object.fromEntries(piece.split("\n").map((line) => line.split(/: ?(.*)/, 2)));
    if (event && this.readyState === 1) this.dispatchEvent(new MessageEvent(event, { data, lastEventId: id }));
  }
}
