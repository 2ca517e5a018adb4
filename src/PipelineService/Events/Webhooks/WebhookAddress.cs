using System.Net;
using PipelineService.Core.Rules;

namespace PipelineService.Events.Webhooks;

/// <summary>Judges where a webhook is to be, as far as that can be seen without asking anybody.</summary>
internal static class WebhookAddress
{
    private const int LengthMax = 2_000;

    /// <returns>What is wrong; null: nothing that can be seen yet. Names are resolved, and judged, when something is sent.</returns>
    public static string? FaultOf(string url, EventsOptions options)
    {
        string shown = Excerpt.Of(url);
        if (url.Length > LengthMax)
        {
            return $"Has {url.Length} characters; {LengthMax} are taken.";
        }

        if (url.Any(c => c is <= ' ' or >= (char)127) || !Uri.TryCreate(url, UriKind.Absolute, out Uri? address)
            || address.Scheme is not ("http" or "https") || address.Host.Length == 0)
        {
            return $"\"{shown}\" is no address of the form https://example.com/hook, in ASCII.";
        }

        if (address.Scheme == "http" && !options.AllowHttp)
        {
            return $"\"{shown}\" is http: everybody on the way could read what is sent. Use https, or have Events:AllowHttp set.";
        }

        if (address.UserInfo.Length > 0)
        {
            return "Has a name or a password in it. Give credentials as headers: they are kept like secrets, and shown to nobody.";
        }

        if (address.Fragment.Length > 0)
        {
            return $"\"{shown}\" has a fragment (#…), which is never sent.";
        }

        return !options.AllowPrivateAddresses && IsSurelyPrivate(address)
            ? $"\"{shown}\" is on this machine or in a private network. Events are sent to public addresses alone, unless "
                + "Events:AllowPrivateAddresses is set."
            : null;
    }

    private static bool IsSurelyPrivate(Uri address) => IPAddress.TryParse(address.DnsSafeHost, out IPAddress? literal)
        ? !PublicAddresses.Contain(literal)
        : address.IdnHost is "localhost" || address.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
}
