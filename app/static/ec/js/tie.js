// The head of the body confirms on the vote card what a tie means; the card is then drawn anew.
import { initSigning } from "./act_sign.js";

initSigning(() => location.reload());
