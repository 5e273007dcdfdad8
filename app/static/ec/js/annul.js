// The chair annuls a vote from the page of its result; the card of the vote then says that it is annulled.
import { initSigning } from "./act_sign.js";

const { afterAnnulment } = document.querySelector("[data-after-annulment]").dataset;
initSigning(() => location.assign(afterAnnulment));
