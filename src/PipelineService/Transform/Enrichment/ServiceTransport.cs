using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Mime;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Enrich;

namespace PipelineService.Transform.Enrichment;

/// <summary>What came of one try.</summary>
/// <param name="Fault">None, or why there are no answers.</param>
/// <param name="Answers">One for each question; empty with a fault.</param>
/// <param name="MayPass">Whether the same call may succeed in a while.</param>
/// <param name="RetryAfter">How long the service wants to be left alone; null where it says nothing.</param>
/// <param name="Excerpt">How an answer begins that is of no use.</param>
internal sealed record CallOutcome(
    RecordErrorCode Fault, ServiceAnswer[] Answers, bool MayPass = false, TimeSpan? RetryAfter = null, string? Excerpt = null)
{
    public static CallOutcome Of(ServiceAnswer[] answers) => new(RecordErrorCode.None, answers);

    public static CallOutcome Failed(RecordErrorCode fault, bool mayPass, TimeSpan? retryAfter = null, string? excerpt = null) =>
        new(fault, [], mayPass, retryAfter, excerpt);
}

/// <summary>
/// One try at asking a service, from the first byte to the last of its answer: bounded in time and in length, without redirects. Whatever
/// comes of it is an outcome and no exception.
/// </summary>
internal sealed class ServiceTransport : IDisposable
{
    private readonly ServiceOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;
    private readonly string? _secret;

    /// <param name="options">The service.</param>
    /// <param name="secret">What the header of the secret has; null: there is none.</param>
    /// <param name="handler">Sends; null: over the network.</param>
    public ServiceTransport(ServiceOptions options, string? secret, TimeProvider time, HttpMessageHandler? handler = null)
    {
        (_options, _secret, _time) = (options, secret, time);
        _http = new HttpMessageInvoker(handler ?? new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            MaxConnectionsPerServer = options.Concurrency,
            MaxResponseHeadersLength = 64,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // a name may get another address
            ConnectTimeout = options.Timeout,

            // What is asked by GET stands in the address, and spans show addresses.
            ActivityHeadersPropagator = options.Mode == ServiceMode.Get ? null : System.Diagnostics.DistributedContextPropagator.Current,
        });
    }

    public void Dispose() => _http.Dispose();

    /// <param name="inputs">The questions; one alone where the service is asked by GET.</param>
    public async Task<CallOutcome> TryAsync(IReadOnlyList<byte[]> inputs, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(_options.Timeout, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using HttpRequestMessage request = RequestOf(inputs);
            using HttpResponseMessage response = await _http.SendAsync(request, stop.Token);
            return await ReadAsync(response, inputs.Count, stop.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return CallOutcome.Failed(RecordErrorCode.EnrichmentTimeout, mayPass: true);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return CallOutcome.Failed(
                RecordErrorCode.EnrichmentUnreachable, mayPass: true, excerpt: e is HttpRequestException http ? http.HttpRequestError.ToString() : null);
        }
    }

    private HttpRequestMessage RequestOf(IReadOnlyList<byte[]> inputs)
    {
        bool isGet = _options.Mode == ServiceMode.Get;
        HttpRequestMessage request = new(
            isGet ? HttpMethod.Get : HttpMethod.Post, isGet ? ServiceAddress.Of(_options.Url!, inputs[0]) : _options.Url!);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(MediaTypeNames.Application.Json));
        if (_secret is not null)
        {
            request.Headers.TryAddWithoutValidation(_options.SecretHeader, _secret);
        }

        if (!isGet)
        {
            request.Content = new ByteArrayContent(BatchProtocol.Write(inputs));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json);
        }

        return request;
    }

    private async Task<CallOutcome> ReadAsync(HttpResponseMessage response, int count, CancellationToken cancellationToken)
    {
        bool isGet = _options.Mode == ServiceMode.Get;
        if (isGet && response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.NoContent or HttpStatusCode.Gone)
        {
            return CallOutcome.Of([ServiceAnswer.Missing]);
        }

        ArrayBufferWriter<byte> body = new();
        bool isWhole = await TryReadAsync(response.Content, body, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            string excerpt = $"{(int)response.StatusCode} {ServiceExcerpt.Of(body.WrittenSpan)}".TrimEnd();
            bool mayPass = (int)response.StatusCode is 408 or 429 or >= 500;
            return isGet && response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
                ? CallOutcome.Of([new ServiceAnswer(RecordErrorCode.EnrichmentFailed, Excerpt: excerpt)])
                : CallOutcome.Failed(RecordErrorCode.EnrichmentStatus, mayPass, RetryAfterOf(response.Headers.RetryAfter), excerpt);
        }

        if (!isWhole)
        {
            return CallOutcome.Failed(RecordErrorCode.EnrichmentTooLarge, mayPass: false, excerpt: ServiceExcerpt.Of(body.WrittenSpan));
        }

        if (isGet)
        {
            ServiceAnswer one = BatchProtocol.ReadOne(body.WrittenMemory);
            return one.IsAnswer ? CallOutcome.Of([one]) : CallOutcome.Failed(one.Code, mayPass: false, excerpt: one.Excerpt);
        }

        var answers = new ServiceAnswer[count];
        RecordErrorCode fault = BatchProtocol.Read(body.WrittenMemory, answers);
        return fault == RecordErrorCode.None
            ? CallOutcome.Of(answers)
            : CallOutcome.Failed(fault, mayPass: false, excerpt: ServiceExcerpt.Of(body.WrittenSpan));
    }

    /// <returns>False when there is more than may be: then the beginning is read.</returns>
    private async Task<bool> TryReadAsync(HttpContent content, ArrayBufferWriter<byte> body, CancellationToken cancellationToken)
    {
        await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
        while (true)
        {
            int room = _options.AnswerBytesMax - body.WrittenCount;
            Memory<byte> into = body.GetMemory(Math.Min(room + 1, 64 << 10));
            int read = await stream.ReadAsync(into, cancellationToken);
            if (read == 0)
            {
                return true;
            }

            body.Advance(Math.Min(read, room));
            if (read > room)
            {
                return false;
            }
        }
    }

    private TimeSpan? RetryAfterOf(RetryConditionHeaderValue? header) =>
        header?.Delta ?? (header?.Date is { } date ? date - _time.GetUtcNow() : null);
}
