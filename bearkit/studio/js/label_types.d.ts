// What the modules of the Label tab hand to each other, and what the functions of label.py answer.

import type { LabelMap } from './map_types';
import type { PagedTab, PageImage, UndoneRow } from './types';

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

export interface LabelTab extends PagedTab<LabelImage> {
  page: LabelPage;
  mapped: boolean;                     // whether the page was chosen on the map
  anchor: number;                      // where a range of the selection begins
  selected: Set<string>;               // image ids
  choices: Map<string, Made>;          // by image id
  readonly asExamples: Set<string>;    // image ids: examples of the labels that they are given
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
