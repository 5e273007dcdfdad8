// Signs one PDF as often as each line of the input says, and answers with the milliseconds of one signature.
// node sign.js DOCUMENT KEYS PASSPHRASE SIGNED

const { readFileSync, writeFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { plainAddPlaceholder } = require("@signpdf/placeholder-plain");
const { P12Signer } = require("@signpdf/signer-p12");
const { SignPdf } = require("@signpdf/signpdf");

const [document, keys, passphrase, signed] = process.argv.slice(2);
const [pdfBuffer, p12] = [readFileSync(document), readFileSync(keys)];
const about = { reason: "Ký ban hành", contactInfo: "", name: "Nguyễn Giả An", location: "Hà Nội" };

const sign = () => {
    const signer = new P12Signer(p12, { passphrase }); // a signer signs once
    return new SignPdf().sign(plainAddPlaceholder({ pdfBuffer, ...about }), signer);
};

(async () => {
    writeFileSync(signed, await sign());
    for await (const line of createInterface({ input: process.stdin })) {
        const begun = process.hrtime.bigint();
        for (let count = Number(line); count > 0; count -= 1) await sign();
        console.log(Number(process.hrtime.bigint() - begun) / 1e6 / Number(line));
    }
})();
