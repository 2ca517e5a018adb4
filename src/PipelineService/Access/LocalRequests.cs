using System.Net;

namespace PipelineService.Access;

/// <summary>
/// Whether a request comes from this machine itself, from a program or from a person at it. That a connection does is not
/// enough: a proxy here passes on what strangers send, and a browser here what a page of theirs tells it to.
/// </summary>
internal static class LocalRequests
{
    /// <summary>What proxies add. One that adds nothing can only be told by who set it up.</summary>
    private static readonly string[] OfProxies =
        ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via", "CF-Connecting-IP", "True-Client-IP"];

    public static bool IsLocal(HttpContext context)
    {
        // Without an address it came through a socket of the file system.
        if (context.Connection.RemoteIpAddress is { } address && !IsLoopback(address))
        {
            return false;
        }

        IHeaderDictionary headers = context.Request.Headers;
        foreach (string name in OfProxies)
        {
            if (headers.ContainsKey(name))
            {
                return false;
            }
        }

        // A name that a stranger has pointed at this machine makes a page of theirs one of the same origin (DNS rebinding).
        return IsLoopbackName(context.Request.Host.Host)
            && (headers.Origin.Count == 0 || IsLoopbackOrigin(headers.Origin.ToString()));
    }

    private static bool IsLoopback(IPAddress address) =>
        IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    private static bool IsLoopbackName(string host) =>
        host.Length == 0
        || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out IPAddress? address) && IsLoopback(address));

    private static bool IsLoopbackOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && IsLoopbackName(page.IdnHost.Trim('[', ']'));
}
