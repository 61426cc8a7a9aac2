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
  kind: string | null;
  reviewer: string;
  run: string | null;
  since: number;
  view: string | null;
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

/** What the grids of the Data, the Label and the Review tab share. */
export interface GridTab<Image extends PageImage> {
  readonly name: 'data' | 'label' | 'review';
  readonly area: 'dt' | 'lb' | 'rv';   // beginning of the ids on this page
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

  images(): Image[];
  labelOf(image: Image): string;       // the label that it has or gets; "" for none
  load(message?: string, focus?: boolean): unknown;
  drawBar(): void;
  filtered(name: string): void;        // a filter changed
  mark(focus?: boolean): void;         // show which picture is the current one
  handleKey(event: KeyboardEvent): boolean;
  step?(by: number): void;             // to a later or an earlier picture, from the large one
  onLarge?(id: string): void;          // a picture is shown large; none ("")
}

/** A grid that is stored page by page. */
export interface PagedTab<Image extends PageImage> extends GridTab<Image> {
  readonly confirm: HTMLButtonElement;
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
  facts?: [string, string][];          // name and text of each
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

export interface ReviewTab extends PagedTab<Suspect> {
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

declare global {
  interface Window {
    gradio_config?: {
      root?: string;
      api_prefix?: string;
      components?: { id: number; props?: { elem_id?: string } }[];
    };
  }
}
