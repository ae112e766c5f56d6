// What the samples take as given.
declare const code: string;
declare const storedRefreshToken: string;
declare function storeRefreshToken(token: string | undefined): Promise<void>;
