using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using PipelineService.Core.Rules;

namespace PipelineService.Events.Webhooks;

/// <summary>Resolves the name of a host.</summary>
public delegate Task<IPAddress[]> HostResolver(string host, CancellationToken cancellationToken);

/// <summary>What an attempt came to.</summary>
/// <param name="RetryAfter">How long the answer asks us to wait.</param>
internal sealed record SendResult(int? Status, int Milliseconds, string? Error, string? Answer, TimeSpan? RetryAfter = null)
{
    public bool IsDelivered => Error is null;

    public bool IsGone => Status == StatusCodes.Status410Gone;
}

/// <summary>
/// Sends one request to a webhook. Where it goes is judged by the address that is connected to: the one that the name has in this moment,
/// not
/// one that it had when somebody looked. There is no proxy, no redirect is followed, no cookie kept, and of an answer no more is read than
/// is
/// shown.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    private const int AnswerBytesMax = 1_024;

    /// <summary>Characters of an answer that are kept; each that is not seen takes six.</summary>
    private const int AnswerShownMax = 300;

    private const int AnswerHeadKilobytesMax = 16;

    /// <summary>A name that moves is looked up again.</summary>
    private static readonly TimeSpan ConnectionAgeMax = TimeSpan.FromMinutes(1);

    private static readonly string Agent =
        "PipelineService/" + (typeof(WebhookClient).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0");

    private readonly EventsOptions _options;
    private readonly WebhookVault _vault;
    private readonly TimeProvider _time;
    private readonly HostResolver _resolve;
    private readonly HttpMessageInvoker _http;

    public WebhookClient(IOptions<EventsOptions> options, WebhookVault vault, TimeProvider time, HostResolver resolve)
    {
        (_options, _vault, _time, _resolve) = (options.Value, vault, time, resolve);
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            ConnectTimeout = _options.DeliveryTimeout,
            MaxResponseDrainSize = 0,
            MaxResponseHeadersLength = AnswerHeadKilobytesMax,
            PooledConnectionLifetime = ConnectionAgeMax,
            UseCookies = false,
            UseProxy = false,
        });
    }

    /// <param name="id">Of the delivery, the same with every attempt.</param>
    /// <param name="body">The event: what is signed is what is sent.</param>
    /// <returns>What it came to. Whatever the other side does, that is no exception.</returns>
    /// <exception cref="OperationCanceledException">The service stops.</exception>
    public async Task<SendResult> SendAsync(WebhookRow webhook, Guid id, byte[] body, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        using CancellationTokenSource limit = new(_options.DeliveryTimeout, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using HttpRequestMessage? request = RequestOf(webhook, id, body);
            if (request is null)
            {
                return new SendResult(
                    null, 0, "The secret or the headers of the webhook were encrypted under another Events:SecretKey than this instance has.", null);
            }

            using HttpResponseMessage response = await _http.SendAsync(request, end.Token);
            string answer = await ReadAsync(response.Content, end.Token);
            return new SendResult(
                (int)response.StatusCode, Elapsed(start), FaultOf(response.StatusCode), answer, RetryAfterOf(response.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SendResult(
                null, Elapsed(start), $"It did not answer within {_options.DeliveryTimeout.TotalSeconds:0.#} s (Events:DeliveryTimeout).", null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or InvalidOperationException)
        {
            return new SendResult(null, Elapsed(start), Excerpt.Of(Describe(e, webhook), 400), null);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <returns>Null when what is secret cannot be read.</returns>
    private HttpRequestMessage? RequestOf(WebhookRow webhook, Guid id, byte[] body)
    {
        DateTimeOffset now = _time.GetUtcNow();
        byte[]? secret = _vault.Open(webhook.Id, webhook.Secret);
        byte[]? headers = _vault.Open(webhook.Id, webhook.Headers);
        if (secret is null || headers is null)
        {
            return null;
        }

        byte[]? previous = webhook.PreviousSecret is { } kept && webhook.PreviousUntil > now.UtcDateTime ? _vault.Open(webhook.Id, kept) : null;
        long at = now.ToUnixTimeSeconds();
        HttpRequestMessage request = new(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", EventView.ContentType);
        request.Headers.TryAddWithoutValidation("User-Agent", Agent);
        request.Headers.TryAddWithoutValidation(WebhookSignature.Id, id.ToString());
        request.Headers.TryAddWithoutValidation(WebhookSignature.Timestamp, at.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation(
            WebhookSignature.Signature, WebhookSignature.Sign(previous is null ? [secret] : [secret, previous], id.ToString(), at, body));
        foreach ((string name, string value) in JsonSerializer.Deserialize<Dictionary<string, string>>(headers)!)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        DnsEndPoint target = context.DnsEndPoint;
        IPAddress[] addresses = IPAddress.TryParse(target.Host, out IPAddress? literal) ? [literal] : await _resolve(target.Host, cancellationToken);
        IPAddress[] open = _options.AllowPrivateAddresses ? addresses : [.. addresses.Where(PublicAddresses.Contain)];
        if (open.Length == 0 && addresses.Length > 0)
        {
            throw new AddressRefusedException();
        }

        Exception? fault = null;
        foreach (IPAddress address in open)
        {
            Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, target.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e)
            {
                socket.Dispose();
                fault = e;
                if (e is not SocketException)
                {
                    throw;
                }
            }
        }

        throw fault ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static async Task<string> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[AnswerBytesMax];
        await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
        int length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Excerpt.Of(Encoding.UTF8.GetString(buffer, 0, length), AnswerShownMax);
    }

    private static string? FaultOf(HttpStatusCode status) => (int)status switch
    {
        >= 200 and < 300 => null,
        >= 300 and < 400 => $"It answered {(int)status}: redirects are not followed. Change the webhook's url.",
        StatusCodes.Status410Gone => "It answered 410, so that nothing more is sent to it.",
        var other => $"It answered {other}.",
    };

    /// <summary>Nothing of how the network is made behind this machine.</summary>
    private static string Describe(Exception fault, WebhookRow webhook)
    {
        string host = new Uri(webhook.Url).Host;
        for (Exception? e = fault; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case AddressRefusedException:
                    return $"{host} has no public address; events are sent to none other (Events:AllowPrivateAddresses).";
                case AuthenticationException:
                    return $"No trusted connection to {host} could be made (TLS): its certificate must be valid for that name.";
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return $"The name {host} is not known.";
                case SocketException socket:
                    return $"{host} cannot be reached ({socket.SocketErrorCode}).";
            }
        }

        return $"{host} broke off, or answered something that is no HTTP.";
    }

    private TimeSpan? RetryAfterOf(RetryConditionHeaderValue? header) => header?.Delta ?? header?.Date - _time.GetUtcNow();

    private int Elapsed(long start) => (int)_time.GetElapsedTime(start).TotalMilliseconds;

    private sealed class AddressRefusedException : Exception;
}
