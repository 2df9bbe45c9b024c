import type { Page } from 'playwright-core';

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value: unknown } }[];
}

export interface Accessible {
  readonly role: string;
  readonly name: string;
  readonly focusable: boolean;
}

/** What the browser tells assistive technology, flat and in order. */
export async function accessibleNodes(page: Page): Promise<Accessible[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = (await session.send('Accessibility.getFullAXTree')) as { nodes: AxNode[] };
  await session.detach();
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, properties }) => ({
      role: role?.value ?? '',
      name: name?.value ?? '',
      focusable: properties?.some((entry) => entry.name === 'focusable' && entry.value.value === true) ?? false,
    }));
}
