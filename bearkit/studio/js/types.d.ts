// What the modules of the studio's page hand to each other, and what the functions of the studio answer.

import type { Filters, View } from './address_parts';
import type { Outbox } from './outbox';

/** A function of the studio, which Gradio calls: plain values in and out. */
export type ServerFunction = (request: object) => Promise<any>;

/** What `open` of a module gets: its component, the functions of its tab, and Gradio's events. */
export interface Place {
  element: HTMLElement;
  server: Record<string, ServerFunction>;
  events: Record<string, () => void>;
}

/** Why the studio did not do it. `again`: the same may work later. `away`: the studio did not answer. */
export interface Failure {
  error: string;
  hint?: string;
  again?: boolean;
  away?: boolean;
}

/** Asks a function of the studio; no answer is an error too. */
export type Call = <Answer = object>(name: string, request: object) => Promise<Answer | Failure>;

// ---------------------------------------------------------------------------------------------------------- decisions

export type Action = 'keep' | 'delete' | 'label' | 'relabel' | 'unlabel';

export interface Choice {
  image_id: string;
  action: Action;
  to: string | null;
}

/** What a reviewer decided at once; see `store` of outbox.py. */
export interface Step {
  project: string;
  kind: string;
  reviewer: string;
  run: string | null;
  since: number;
  view: string;
  implied: boolean;
  token: string;
  choices: Choice[];
  called?: string;
}

/** The studio's answer to a step that it stored. */
export interface Stored {
  stored?: string[];
  labels?: Record<string, string>;
  others?: Record<string, string>;
  notes?: string[];
  order?: string[];
}

/** A step that waits in this browser. `refused` says why the studio did not store it; "" if it did not refuse. */
export interface Waiting {
  key: string;
  project: string;
  step: Pick<Step, 'token' | 'choices'> & Partial<Step>;
  persisted: boolean;
  refused: string;
}

/** What the outbox tells its listeners. `back`: the studio answers again. `pressed`: one of its buttons was pressed. */
export type OutboxEvent =
  | { kind: 'change' | 'back' | 'pressed' }
  | { kind: 'stored'; step: Waiting['step']; answer: Stored }
  | { kind: 'refused' | 'discarded'; step: Waiting['step'] };

/** What became of a step. */
export type StepEvent = Extract<OutboxEvent, { step: unknown }>;

/** The project that this address serves: the name of its catalogue, and what people call it. */
export interface Served {
  project: string;
  called: string;
}

// --------------------------------------------------------------------------------------------- the pages of both tabs

/** What a page shows of a decision. `other`: the right one of two near-duplicates is deleted. */
export type ShownAction = Action | 'other';

/** A decision as the page shows it. `number`: of the step; answers to earlier ones do not change its state. */
export interface State {
  action: ShownAction;
  to: string | null;
  state: 'pending' | 'stored' | 'refused';
  number: number;
  others?: string | undefined;
}

export interface PageImage {
  image_id: string;
  path: string;
  url: string | null;
  twin?: PageImage | null;
}

/** A decision about an image of the page. */
export interface Entry<Image extends PageImage> {
  image: Image;
  action: ShownAction;
  to: string | null;
}

/** Steps that this page sent, by their tokens. */
export type Sent<Image extends PageImage> = Map<string, { entries: Entry<Image>[]; number: number }>;

/** What the modules of the Label and the Review tab share. */
export interface GridTab<Image extends PageImage> {
  readonly name: 'label' | 'review';
  readonly area: 'lb' | 'rv';          // beginning of the ids on this page
  readonly element: HTMLElement;       // Gradio's component
  readonly call: Call;
  readonly outbox: Outbox;
  readonly filters: Filters;
  readonly captions: Record<string, string>;
  readonly view: View;                 // the filters, as in the page's address
  request: View | null;                // the filters that the page was asked for with; null before the first
  current: number;
  states: Map<string, State>;          // by image id
  number: number;                      // of the last step
  sent: Sent<Image>;                   // of this page
  news: string;                        // a message for the next page
  loading: number;                     // of the last page request; answers to older ones are dropped
  retrying: boolean;                   // whether a page could not be loaded; it loads once the studio answers again
  shownAt: number;

  readonly root: HTMLElement;
  readonly nameField: HTMLInputElement;
  readonly notice: HTMLElement;
  readonly hintBox: HTMLElement;
  readonly grid: HTMLElement;
  readonly side: HTMLElement;          // the large picture
  readonly foot: HTMLElement;
  readonly saved: HTMLElement;
  readonly confirm: HTMLButtonElement;

  images(): Image[];
  labelOf(image: Image): string;       // the label that it has or gets; "" for none
  load(message?: string, focus?: boolean): unknown;
  drawBar(): void;
  filtered(name: string): void;        // a filter changed
  mark(focus?: boolean): void;         // show which picture is the current one
  handleKey(event: KeyboardEvent): boolean;
}

/** The large version of an image; see `large_picture` of grid_answers.py. */
export interface Details {
  url: string | null;
  path: string;
  given: string;
  split: string;
  width: number;
  height: number;
  example: boolean;
  neighbours: { url: string | null; path: string; given: string }[];
  decisions: string[];
}

/** A step that was undone or redone; see `undo_or_redo` of grid_answers.py. */
export interface Undone {
  message: string;
  rows: UndoneRow[];
}

export interface UndoneRow {
  image_id: string;
  action: Action;
  to: string | null;
  now: { id: number; action: Action; to: string | null; by: string } | null;
}

// ------------------------------------------------------------------------------------------------------ the Review tab

/** A candidate to review; see `ReviewTab.suspects`. */
export interface Suspect extends PageImage {
  kind: string;
  reason: string;
  given: string;
  predicted: string;
  probability: number;
  decided: string;
  twin: (PageImage & { given: string }) | null;
}

export interface ReviewPage {
  suspects: Suspect[];
  kind: string;
  decided_as: string;
  set: string;
  start: number;
  total: number;
  project: string;
  labels: string[];
  order: string[];
  counts: Record<string, number>;
  done: boolean;
  message: string;
  rest: number;
  heading: string;
  left: string;
  progress: { decided: number; changed: number; deleted: number } | null;
  run: string | null;
  since: number;
  view: string;
}

export interface ReviewTab extends GridTab<Suspect> {
  page: ReviewPage;
  typedHere: Set<string>;              // labels that are offered because someone typed them here
  readonly bar: HTMLElement;
  readonly keys: HTMLElement;
  readonly heading: HTMLElement;
  readonly progress: HTMLElement;
  readonly turns: HTMLElement;
  refresh(): void;
  turn(step: number): void;            // to another page of a set
  decide(action: ShownAction): void;   // about the current picture
  chooseLabel(): void;
}

// ------------------------------------------------------------------------------------------------------- the Label tab

/** An image to label; see `LabelTab.next_page`. `given`: people gave it a label already. */
export interface LabelImage extends PageImage {
  proposed: string | null;
  probability: number | null;
  given: boolean;
}

export interface Label {
  label: string;
  images: number;
  key: string;
  place: number;
  description: string;
  colour: string;
  examples: string[];
}

/** `empty` says why there are no images; "error" if the studio could not say. */
export interface LabelPage {
  images: LabelImage[];
  labels: Label[];
  labelled: number;
  unlabelled: number;
  waiting: number;
  empty: string;
  order: string;
  proposed: string | null;
  why: string;
  project: string;
  audit: number;
  only: string;
  since: number;
  view: string;
}

/** What Enter stores instead of the proposal. */
export interface Made {
  action: 'label' | 'keep' | 'delete';
  to: string | null;
}

export interface LabelTab extends GridTab<LabelImage> {
  page: LabelPage;
  mapped: boolean;                     // whether the page was chosen on the map
  anchor: number;                      // where a range of the selection begins
  selected: Set<string>;               // image ids
  choices: Map<string, Made>;          // by image id
  past: Choices[];                     // earlier choices on this page, for undo and redo
  future: Choices[];
  picks: string[];                     // chosen on the map and still to be looked at: the beginnings of image ids
  least: string;                       // the probability of proposals to accept
  acceptedLast: boolean;               // whether the last step from here was to accept the rest: undo takes it back
  takenBack: boolean;                  // whether that was undone: redo accepts it again
  readonly map: LabelMap;

  readonly bar: HTMLElement;
  readonly title: HTMLElement;
  readonly why: HTMLElement;
  readonly done: HTMLProgressElement;
  readonly count: HTMLElement;
  readonly progress: HTMLElement;
  readonly picked: HTMLElement;
  readonly labels: HTMLElement;
  readonly main: HTMLElement;
  readonly rest: HTMLElement;
  readonly forSelection: HTMLButtonElement[];  // buttons that need a selection
  readonly forPictures: HTMLButtonElement[];   // buttons that need pictures

  refresh(): void;
  give(label: string): void;
  chooseLabel(): void;
  loadAfterUndo(message: string, rows: UndoneRow[]): void;
}

/** The choices on a page, and the current picture, at one moment. */
export interface Choices {
  choices: Map<string, Made>;
  current: number;
}

// ------------------------------------------------------------------------------------------------------------ the map

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
  single: number | null;               // the code of the only label that is shown, -1 for no label; null for all
  pointed: number;                     // the dot whose picture is shown; -1 for none
  cursor: Point | null;                // what the arrow keys move
  gesture: Gesture | null;
  readonly fingers: Map<number, Point>;  // pointer -> its place on the canvas
  readonly thumbs: Map<string, { url: string | null; path: string }>;  // by the beginning of an id
  timer: ReturnType<typeof setTimeout> | undefined;
  holdTimer: ReturnType<typeof setTimeout> | undefined;
  frame: number;
}

declare global {
  interface Window {
    gradio_config?: {
      root?: string;
      api_prefix?: string;
      components?: { id: number; props?: { elem_id?: string } }[];
    };
  }
}
