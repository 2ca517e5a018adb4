using System.Globalization;

namespace PipelineService.Hosting.Health;

/// <summary>
/// <c>--health-check</c>: asks the service in the same container whether it lives, and says so by the exit code. The base
/// image has no curl, and a shell in the image would be there for attackers too.
/// </summary>
internal static class HealthProbe
{
    public const string Flag = "--health-check";

    /// <summary>Shorter than the time-out of the container engine, so that the reason is printed before it gives up.</summary>
    private static readonly TimeSpan AnswerAgeMax = TimeSpan.FromSeconds(3);

    private const int DefaultPort = 8080;

    public static bool IsAskedFor(string[] args) => args.Contains(Flag, StringComparer.Ordinal);

    /// <returns>0 when the service answers with success, 1 when it does not.</returns>
    public static async Task<int> RunAsync(TextWriter errors)
    {
        int port = PortOf(
            Environment.GetEnvironmentVariable("ASPNETCORE_HTTP_PORTS"), Environment.GetEnvironmentVariable("ASPNETCORE_URLS"));
        var address = new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", port, "/health/live").Uri;
        using var http = new HttpClient { Timeout = AnswerAgeMax };
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(address);
            if (answer.IsSuccessStatusCode)
            {
                return 0;
            }

            await errors.WriteLineAsync($"{address} answered {(int)answer.StatusCode}.");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            await errors.WriteLineAsync($"{address}: {error.Message}");
        }

        return 1;
    }

    /// <summary>The port that the service in this container listens on, read from where the service reads it.</summary>
    /// <param name="httpPorts"><c>8080</c> or <c>8080;8081</c>, as <c>ASPNETCORE_HTTP_PORTS</c>.</param>
    /// <param name="urls"><c>http://*:8080</c>, as <c>ASPNETCORE_URLS</c>, which goes before the ports.</param>
    internal static int PortOf(string? httpPorts, string? urls)
    {
        string? url = Parts(urls).FirstOrDefault(u => u.StartsWith("http://", StringComparison.OrdinalIgnoreCase));
        if (url is not null)
        {
            return BindingAddress.Parse(url).Port;
        }

        return int.TryParse(Parts(httpPorts).FirstOrDefault(), CultureInfo.InvariantCulture, out int port)
            ? port
            : DefaultPort;
    }

    private static string[] Parts(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
