using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace PipelineService.Events.Webhooks;

/// <summary>
/// Which addresses are in the public internet. All others are this machine's, its network's or its cloud's: whoever may say where events
/// are
/// sent shall not reach them through this service. What is not known to be public is not. Sources: the IANA special-purpose address
/// registries for IPv4 and IPv6.
/// </summary>
internal static class PublicAddresses
{
    private static readonly ImmutableArray<IPNetwork> NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>Of IPv6 this alone is given out.</summary>
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    /// <summary>Parts of it that are not public, or that lead to some IPv4 address by a way of their own (Teredo, 6to4).</summary>
    private static readonly ImmutableArray<IPNetwork> NotPublic6 =
        [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48" }.Select(IPNetwork.Parse)];

    /// <summary>
    /// An IPv4 address that is written as one of IPv6 is that address, in all ways in which it can be: mapped (<c>::ffff:</c>), and for
    /// translators (<c>64:ff9b::</c>). Others are refused as they are.
    /// </summary>
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");

    public static bool Contain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }
        else if (address.AddressFamily == AddressFamily.InterNetworkV6 && Translated.Contains(address))
        {
            address = new IPAddress(address.GetAddressBytes().AsSpan(12));
        }

        return address.AddressFamily switch
        {
            AddressFamily.InterNetwork => !NotPublic.Any(network => network.Contains(address)),
            AddressFamily.InterNetworkV6 => Global.Contains(address) && !NotPublic6.Any(network => network.Contains(address)),
            _ => false,
        };
    }
}
