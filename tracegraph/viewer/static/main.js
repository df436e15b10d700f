// What every page does: theme, live parts, keys.
import { follow } from "./follow.js";
import { keys } from "./keys.js";
import { theme } from "./themes.js";

theme(document.getElementById("theme"));
keys();
follow(document.body);
