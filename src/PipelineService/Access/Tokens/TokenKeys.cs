using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Tokens;

/// <summary>
/// The public keys of the issuer: fetched when the first token comes, again from time to time, and when a token names one that is
/// not known. While the issuer is away, those that are known go on.
/// </summary>
internal sealed class TokenKeys : IDisposable
{
    private const string Discovery = "/.well-known/openid-configuration";
    private const int DocumentBytesMax = 1 << 20;

    /// <summary>A key that the issuer has withdrawn goes on for so long at most.</summary>
    private static readonly TimeSpan FetchedEvery = TimeSpan.FromMinutes(30);

    /// <summary>Tokens with made-up key ids do not make us fetch more often than that.</summary>
    private static readonly TimeSpan FetchedAgainAfter = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(10);

    /// <summary>After a first fetch that failed nobody waits for the next one, until this is over.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http = new() { Timeout = FetchTimeout, MaxResponseContentBufferSize = DocumentBytesMax };
    private readonly ConfigurationManager<OpenIdConnectConfiguration> _manager;
    private readonly TimeProvider _time;
    private long _failedAt;
    private volatile bool _hasFailed;

    public TokenKeys(AccessOptions options, TimeProvider time)
    {
        _time = time;
        string address = options.TokenKeys ?? options.TokenIssuer!.TrimEnd('/') + Discovery;
        bool isRemote = IsAddress(address);
        _manager = new ConfigurationManager<OpenIdConnectConfiguration>(
            isRemote ? address : Path.GetFullPath(address),
            options.TokenKeys is null ? new OpenIdConnectConfigurationRetriever() : new KeySetRetriever(),
            isRemote ? new HttpDocumentRetriever(_http) { RequireHttps = IsSecure(address) } : new FileDocumentRetriever())
        {
            AutomaticRefreshInterval = FetchedEvery,
            RefreshInterval = FetchedAgainAfter,
        };
    }

    /// <summary>What is wrong with where the keys are said to be; null when nothing is.</summary>
    public static string? FaultOf(AccessOptions options) =>
        options.TokenKeys is { } keys && !IsAddress(keys)
            ? File.Exists(keys) ? null : "is neither an address that begins with https:// nor a file that is there."
            : IsAllowed(options.TokenKeys ?? options.TokenIssuer!) ? null
            : "is no https address. Keys that came over http could be anybody's; from this machine alone they may.";

    /// <exception cref="InvalidOperationException">They could not be fetched yet.</exception>
    public async Task<IEnumerable<JsonWebKey>> GetAsync(CancellationToken cancellationToken)
    {
        if (_hasFailed && _time.GetElapsedTime(Volatile.Read(ref _failedAt)) < FailurePause)
        {
            throw new InvalidOperationException("They could not be fetched a moment ago.");
        }

        try
        {
            OpenIdConnectConfiguration configuration = await _manager.GetConfigurationAsync(cancellationToken);
            _hasFailed = false;
            return configuration.JsonWebKeySet?.Keys ?? [];
        }
        catch (InvalidOperationException)
        {
            Volatile.Write(ref _failedAt, _time.GetTimestamp());
            _hasFailed = true;
            throw;
        }
    }

    /// <summary>A token names a key that is not there: fetches them again before long.</summary>
    public void FetchAgain() => _manager.RequestRefresh();

    public void Dispose() => _http.Dispose();

    private static bool IsAddress(string text) =>
        text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    private static bool IsAllowed(string address) => IsSecure(address) || (IsAddress(address) && ListenAddresses.IsLoopback(address));

    private static bool IsSecure(string address) => address.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>From a JWKS alone, without the document around it.</summary>
    private sealed class KeySetRetriever : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(
            string address, IDocumentRetriever retriever, CancellationToken cancel) =>
            new() { JsonWebKeySet = new JsonWebKeySet(await retriever.GetDocumentAsync(address, cancel)) };
    }
}
