export default async function (request: { readonly id: string }): Promise<string> {
  return `refunded ${request.id}`;
}
