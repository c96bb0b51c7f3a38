// Reads hexadecimal PDUs, one a line, and prints what node-pdu makes of each, one JSON object a line.
const { parse } = require("node-pdu");

function said(pdu) {
    const found = parse(pdu);
    const header = found.data?.parts[0]?.header;
    return {
        type: found.address.type.type,
        number: found.address.phone ?? "",
        content: found.data?.getText(),
        part: header ? [header.getPointer(), header.getSegments(), header.getCurrent()] : null,
        status: found.status,
        reference: found.reference ?? found.messageReference,
    };
}

for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
    let answer;
    try {
        answer = said(line);
    } catch (error) {
        answer = { failed: String(error.message) };
    }
    console.log(JSON.stringify(answer));
}
