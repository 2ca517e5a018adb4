using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Xml;
using System.Xml.Linq;
using PipelineService.Core.Rules;

namespace PipelineService.Sources.Buckets;

/// <summary>An object of a bucket, as a listing shows it.</summary>
internal readonly record struct StoredObject(string Key, string ETag, long Bytes, DateTimeOffset ModifiedAt);

/// <summary>
/// The four calls of an S3-compatible store that a source needs: list, get, copy, delete. Bodies are streamed and never held, listings come
/// in pages, no redirect is followed, and of answers no more is read than a page can have.
/// </summary>
internal sealed class StoreClient : IDisposable
{
    /// <summary>Keys of a page, as many as stores give at most.</summary>
    public const int PageMax = 1_000;

    /// <summary>A key has 1,024 bytes at most, of which each is three when it is escaped.</summary>
    private const int PageCharactersMax = 8 << 20;

    private const int FaultShownMax = 300;

    private static readonly XmlReaderSettings Reading = new()
    {
        Async = true,
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        CheckCharacters = false,
        MaxCharactersInDocument = PageCharactersMax,
    };

    private readonly StoreOptions _store;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;

    public StoreClient(StoreOptions store, TimeProvider time)
    {
        (_store, _time) = (store, time);
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = store.Timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            UseProxy = false,
        });
    }

    /// <summary>All objects whose keys begin so, a page at a time.</summary>
    /// <exception cref="SourceFaultException">The store does not answer, or not with a listing.</exception>
    public async IAsyncEnumerable<StoredObject> ListAsync(
        string bucket, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            string query = $"encoding-type=url&list-type=2&max-keys={PageMax}&prefix={RequestSignature.Escape(prefix)}"
                + (next is null ? "" : $"&continuation-token={RequestSignature.Escape(next)}");
            XElement page = await PageOfAsync(bucket, query, cancellationToken);
            string? before = next;
            next = Text(page, "IsTruncated") == "true" ? Text(page, "NextContinuationToken") : null;
            foreach (XElement item in page.Elements().Where(element => element.Name.LocalName == "Contents"))
            {
                yield return ObjectOf(item);
            }

            if (next is not null && next == before)
            {
                throw new SourceFaultException("The store gives the same page again and again.");
            }
        }
        while (next is not null);
    }

    /// <summary>The bytes of an object.</summary>
    /// <returns>Null when it is gone, or another by now.</returns>
    /// <exception cref="SourceFaultException">The store does not answer, or refuses.</exception>
    public async Task<HttpResponseMessage?> GetAsync(string bucket, string key, string etag, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = RequestOf(HttpMethod.Get, bucket, key);
        request.Headers.TryAddWithoutValidation("If-Match", etag);
        HttpResponseMessage response = await SendAsync(request, cancellationToken);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.PreconditionFailed)
        {
            response.Dispose();
            return null;
        }

        await ThrowUnlessGoodAsync(response, cancellationToken);
        return response;
    }

    /// <summary>What an object is now: its ETag; null when it is gone.</summary>
    /// <inheritdoc cref="GetAsync" path="/exception"/>
    public async Task<string?> HeadAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(RequestOf(HttpMethod.Head, bucket, key), cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await ThrowUnlessGoodAsync(response, cancellationToken);
        return response.Headers.ETag?.ToString();
    }

    /// <summary>Copies an object if it is still this one.</summary>
    /// <returns>False when it is gone, or another by now.</returns>
    /// <inheritdoc cref="GetAsync" path="/exception"/>
    public async Task<bool> CopyAsync(string bucket, string key, string etag, string to, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = RequestOf(HttpMethod.Put, bucket, to);
        request.Headers.TryAddWithoutValidation("x-amz-copy-source", $"/{bucket}/{RequestSignature.Escape(key, keepsSlashes: true)}");
        request.Headers.TryAddWithoutValidation("x-amz-copy-source-if-match", etag);
        using HttpResponseMessage response = await SendAsync(request, cancellationToken);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.PreconditionFailed)
        {
            return false;
        }

        await ThrowUnlessGoodAsync(response, cancellationToken);

        // A copy that fails late is answered 200 all the same, with an error as its body.
        XElement answer = await ReadAsync(response, cancellationToken);
        return answer.Name.LocalName == "CopyObjectResult"
            ? true
            : throw new SourceFaultException($"The store has not copied \"{Excerpt.Of(key)}\": "
                + Excerpt.Of(Text(answer, "Message") ?? answer.Name.LocalName, FaultShownMax));
    }

    /// <inheritdoc cref="GetAsync" path="/exception"/>
    public async Task DeleteAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(RequestOf(HttpMethod.Delete, bucket, key), cancellationToken);
        if (response.StatusCode != HttpStatusCode.NotFound)
        {
            await ThrowUnlessGoodAsync(response, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<XElement> PageOfAsync(string bucket, string query, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(RequestOf(HttpMethod.Get, bucket, "", query), cancellationToken);
        await ThrowUnlessGoodAsync(response, cancellationToken);
        XElement page = await ReadAsync(response, cancellationToken);
        return page.Name.LocalName == "ListBucketResult"
            ? page
            : throw new SourceFaultException("The store has answered something that is no listing.");
    }

    private static StoredObject ObjectOf(XElement item) =>
        Text(item, "Key") is { } key && Text(item, "ETag") is { } etag
        && long.TryParse(Text(item, "Size"), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes)
        && DateTimeOffset.TryParse(
            Text(item, "LastModified"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset modified)
            ? new StoredObject(Uri.UnescapeDataString(key.Replace('+', ' ')), etag, bytes, modified)
            : throw new SourceFaultException("The store has listed an object without a key, an ETag, a size or a time.");

    private static string? Text(XElement of, string name) => of.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

    private HttpRequestMessage RequestOf(HttpMethod method, string bucket, string key, string query = "")
    {
        Uri endpoint = _store.Endpoint!;
        string escaped = RequestSignature.Escape(key, keepsSlashes: true);
        string address = _store.PathStyle
            ? $"{endpoint.Scheme}://{endpoint.Authority}/{bucket}{(key.Length == 0 ? "" : "/")}{escaped}"
            : $"{endpoint.Scheme}://{bucket}.{endpoint.Authority}/{escaped}";

        // A key may hold what looks like a path.
        UriCreationOptions asWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };
        return new HttpRequestMessage(method, new Uri($"{address}{(query.Length == 0 ? "" : "?")}{query}", asWritten));
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        RequestSignature.Sign(request, _store, _time.GetUtcNow());
        using CancellationTokenSource limit = new(_store.Timeout, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await _http.SendAsync(request, end.Token);
        }
        catch (Exception e) when (IsFault(e, cancellationToken))
        {
            string reason = e is OperationCanceledException ? "it does not answer." : e.Message;
            throw new SourceFaultException($"The store {_store.Endpoint!.Host} cannot be reached: {reason}", e);
        }
    }

    private async Task ThrowUnlessGoodAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        using (response)
        {
            string said;
            try
            {
                XElement fault = await ReadAsync(response, cancellationToken);
                said = $"{Text(fault, "Code")}: {Text(fault, "Message")}";
            }
            catch (SourceFaultException)
            {
                said = response.ReasonPhrase ?? "";
            }

            throw new SourceFaultException(FormattableString.Invariant(
                $"The store {_store.Endpoint!.Host} answers {(int)response.StatusCode}: {Excerpt.Of(said, FaultShownMax)}"));
        }
    }

    private async Task<XElement> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(_store.Timeout, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await using Stream content = await response.Content.ReadAsStreamAsync(end.Token);
            using var reader = XmlReader.Create(content, Reading);
            return await XElement.LoadAsync(reader, LoadOptions.None, end.Token);
        }
        catch (Exception e) when (e is XmlException || IsFault(e, cancellationToken))
        {
            throw new SourceFaultException("The store has answered something that cannot be read.", e);
        }
    }

    private static bool IsFault(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
