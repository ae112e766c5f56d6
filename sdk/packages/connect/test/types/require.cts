// The same from CommonJS.

import Connect = require("@procura/connect");

const widget: Connect.default = Connect.default.create();
const error: Connect.AlterError = { code: "popup_blocked", message: "" };
export = { version: widget.getVersion(), error };
