// What the modules of the Data tab hand to each other, and what `Pictures` of pictures.py answers.

import type { Layout } from './grid_window';
import type { GridTab, PageImage } from './types';

export interface Picture extends PageImage {
  label: string;                       // its present one; "" for none
  name: string;
  deleted: boolean;
}

/** Some pictures of a query; see `Pictures.part`. */
export interface PicturePart {
  images: Picture[];
  start: number;
  total: number;
  version: string;
}

/** The same, and what is shown around them; see `Pictures.pictures`. */
export interface PicturePage extends PicturePart {
  all: number;
  place: number;
  labels: [string, number][];
  unlabelled: number;
  sources: string[];
  deleted: number;
  project: string;
  since: number;
}

export interface DataTab extends GridTab<Picture> {
  page: PicturePage;                   // the last answer
  loaded: Picture[];                   // by their places; with holes
  asked: Set<number>;                  // parts that are on their way
  layout: Layout;
  readonly rows: Map<number, HTMLElement>;  // those that are drawn
  readonly selected: Set<string>;
  selecting: boolean;                  // whether a click selects instead of opening
  anchor: number;                      // where a range begins
  readonly search: HTMLInputElement;
  readonly bar: HTMLElement;
  readonly menus: HTMLElement;
  readonly count: HTMLElement;
  readonly canvas: HTMLElement;        // holds the rows, as high as all of them
  readonly tools: HTMLElement;
  readonly picked: HTMLElement;
  readonly forSome: HTMLButtonElement[];  // buttons that need a picture
  readonly buttons: Record<'select' | 'remove' | 'restore', HTMLButtonElement>;
  readonly stored: () => void;         // tells the studio that something was decided
  typing?: ReturnType<typeof setTimeout>;  // until the typed text is searched for
  width: number;                       // of the grid when it was drawn
  top: number;                         // how far the grid is scrolled; it forgets this itself while it is hidden
  refresh(): void;
  chooseLabel(): void;
}
