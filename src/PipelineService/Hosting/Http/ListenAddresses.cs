using System.Net;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting.Http;

/// <summary>Where the service listens: on loopback, unless it is told otherwise.</summary>
internal sealed class ListenAddresses(IConfiguration configuration) : IValidateOptions<HostingOptions>
{
    public const string Default = "http://127.0.0.1:8080";

    /// <summary>The addresses that the server will take from the configuration, by its own order of precedence.</summary>
    public static IReadOnlyList<string> Configured(IConfiguration configuration)
    {
        string[] endpoints = [.. configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(endpoint => endpoint["Url"]).OfType<string>()];
        return endpoints.Length > 0 ? endpoints
            : configuration[WebHostDefaults.ServerUrlsKey] is { Length: > 0 } urls ? Split(urls)
            :
            [
                .. Split(configuration[WebHostDefaults.HttpPortsKey]).Select(port => $"http://*:{port}"),
                .. Split(configuration[WebHostDefaults.HttpsPortsKey]).Select(port => $"https://*:{port}"),
            ];
    }

    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        string[] faults =
        [
            .. Configured(configuration).Where(address => !IsAddress(address)).Select(address =>
                $"Listening on {address}: that is not an address. Write it as {Default}; several are separated by semicolons."),
        ];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    /// <summary>
    /// A scheme that the server speaks, a host and a port; a path would be refused by the server, with a stack.
    /// </summary>
    internal static bool IsAddress(string address)
    {
        try
        {
            var binding = BindingAddress.Parse(address);
            return binding.Scheme.ToUpperInvariant() is "HTTP" or "HTTPS"
                && binding.PathBase.Length == 0
                && (binding.IsUnixPipe || binding.IsNamedPipe || binding.Port is >= IPEndPoint.MinPort and <= IPEndPoint.MaxPort);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    internal static bool IsLoopback(string address)
    {
        BindingAddress binding;
        try
        {
            binding = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            return true; // not an address at all, which is a fault of its own
        }

        return binding.IsUnixPipe
            || binding.IsNamedPipe
            || binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(binding.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }

    private static string[] Split(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
