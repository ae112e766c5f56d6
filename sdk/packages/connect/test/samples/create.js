import AlterConnect from "@alter-ai/connect";
const alterConnect = AlterConnect.create({ debug: true });
