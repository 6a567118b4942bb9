export default async (request: { readonly id: string }): Promise<string> => `released ${request.id}`;
