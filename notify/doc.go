// Package notify tells receivers: it sends the notices of package notification by e-mail (SMTP) and to webhooks (HTTP).
//
// A webhook's address comes from whoever may set up channels, and the conductor stands inside the network. So an address
// that is private, local or otherwise not of the public internet is refused unless the operator of the conductor allows it.
// The check is made on the literal address when the channel is saved, and on each address that is dialled, after the names
// were resolved: what a name resolves to may change in between. Redirects are not followed and proxies not used, time and
// the size of answers are bounded, and no error tells a secret of the channel.
package notify
