using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace PipelineService.Hosting.Http;

/// <summary>
/// Gives the refusals that the server writes by itself their <see cref="Problem"/>: requests of which it cannot, or
/// will not, read the head, so that no middleware sees them (400, 408, 414, 431, 505).
/// </summary>
/// <remarks>
/// The server tells of such a request as a diagnostic event, after it has chosen the status and before it answers:
/// https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/diagnostics. What is written at that moment is
/// the answer. The body goes straight to the connection, because a request without a head has no writer for it yet.
/// </remarks>
internal sealed class UnreadableRequests(DiagnosticListener diagnostics)
    : IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private const string Refused = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";
    private IDisposable? _subscription;

    public void Watch() => _subscription = diagnostics.Subscribe(this, static name => name == Refused);

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Value is IFeatureCollection features
            && features.Get<IBadRequestExceptionFeature>()?.Error is BadHttpRequestException refusal
            && features.Get<IHttpResponseFeature>() is { HasStarted: false } response
            && features.Get<IConnectionTransportFeature>()?.Transport.Output is { } output
            && features.Get<IHttpRequestFeature>() is { } request
            && !IsMultiplexed(request.Protocol))
        {
            Problem problem = ErrorAnswers.Describe(refusal.StatusCode, IsTooLong(refusal) ? null : refusal.Message);
            byte[] body = JsonSerializer.SerializeToUtf8Bytes(problem, PipelineJson.Options);
            response.StatusCode = problem.Status;
            response.Headers.ContentType = Problem.ContentType;
            response.Headers.ContentLength = body.Length;
            response.Headers.Connection = "close";
            AnswerHeaders.Add(response.Headers, request.Scheme == Uri.UriSchemeHttps);
            _ = features.GetRequiredFeature<IHttpResponseBodyFeature>().StartAsync();
            if (!HttpMethods.IsHead(request.Method))
            {
                output.Write(body);
            }

            _ = output.FlushAsync().AsTask();
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose() => _subscription?.Dispose();

    /// <summary>Of these the server's message says no more than the status; how much is taken says more.</summary>
    private static bool IsTooLong(BadHttpRequestException refusal) =>
        refusal.StatusCode is StatusCodes.Status414UriTooLong or StatusCodes.Status431RequestHeaderFieldsTooLarge;

    /// <summary>There the connection is not the answer's alone. Not known yet is HTTP/1.</summary>
    private static bool IsMultiplexed(string protocol) => HttpProtocol.IsHttp2(protocol) || HttpProtocol.IsHttp3(protocol);
}
