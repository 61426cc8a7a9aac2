// What the modules of the Label tab's map hand to each other.

export type Point = [number, number];

/** The size of what the map is drawn on, in CSS pixels. */
export interface Size {
  clientWidth: number;
  clientHeight: number;
}

/** Which part of the map is seen: its middle, its zoom, and the map's width and height. Places go from 0 to 1. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
  span: Point;
}

/** Where the dots lie. */
export interface Places {
  x: Float32Array;
  y: Float32Array;
}

/** A label of the map; see `map_answer` of label_map.py. */
export interface MapLabel {
  label: string;
  colour: string;
  place: number;
  labelled: number;
  proposed: number;
}

export interface MapAnswer {
  version: string;
  news: string;
  dots: string;
  codes: string;
  labels: MapLabel[];
}

/** The dots. `ids`: the first 6 bytes of each image's id; `index`: these as a number -> the place of the dot. */
export interface Dots extends Places {
  version: string;
  ids: Uint8Array;
  index: Map<number, number>;
  codes: Int16Array;
  labels: MapLabel[];
}

export type DotKind = 'pale' | 'full' | 'hollow';

/** Dots that are drawn alike, each in its colour (0xbbggrr). */
export interface Layer {
  kind: DotKind;
  chosen: number[];
  colours: Int32Array;
}

/** What the pointers do. */
export type Gesture =
  | { kind: 'lasso' | 'pan'; points: Point[]; moved: boolean }
  | { kind: 'pinch'; middle: Point; apart: number; moved: true }
  | { kind: 'held'; moved: boolean };

export interface LabelMap {
  readonly button: HTMLButtonElement;
  readonly box: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly card: HTMLElement;
  readonly news: HTMLElement;
  readonly says: HTMLElement;
  readonly legend: HTMLElement;
  dots: Dots | null;
  shown: number[];                     // places of the dots that are not faded
  layers: Layer[];
  readonly camera: Camera;
  tool: 'lasso' | 'pan';               // what dragging does
  single: string | null;               // the only label that is shown, '' for pictures without one; null for all
  pointed: number;                     // the dot whose picture is shown; -1 for none
  cursor: Point | null;                // what the arrow keys move
  gesture: Gesture | null;
  readonly fingers: Map<number, Point>;  // pointer -> its place on the canvas
  readonly thumbs: Map<string, { url: string | null; path: string }>;  // by the beginning of an id
  timer: ReturnType<typeof setTimeout> | undefined;
  holdTimer: ReturnType<typeof setTimeout> | undefined;
  frame: number;
}
