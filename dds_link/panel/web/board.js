// The element that NiceGUI knows; all of it is in the package "dds-link-panel" beside it.
export { Board as default } from "dds-link-panel";
