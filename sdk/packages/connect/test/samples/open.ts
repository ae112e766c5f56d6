await alterConnect.open({
token: string,
onSuccess: (connection: Connection) => void,
onError?: (error: AlterError) => void,
onExit?: () => void,
onEvent?: (eventName: string, metadata: object) => void,
});
