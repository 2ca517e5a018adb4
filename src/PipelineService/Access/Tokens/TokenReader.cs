using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Access.Tokens;

/// <summary>
/// Checks tokens of the OpenID provider and reads who they are of: 1. its form, strictly; 2. the issuer's keys that may have signed
/// it; 3. signature, issuer, audience, times and type; 4. its claims. Whatever is wrong, the answer is the same, and the log says
/// what.
/// </summary>
internal sealed partial class TokenReader : IDisposable
{
    private readonly AccessOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TokenCache _known;
    private readonly TokenClaims _claims;
    private readonly TokenKeys? _keys;
    private readonly string[] _algorithms;
    private readonly string[] _types;

    public TokenReader(IOptions<AccessOptions> options, TimeProvider time, ILogger<TokenReader> logger)
    {
        (_options, _time, _logger) = (options.Value, time, logger);
        (_known, _claims) = (new TokenCache(time), new TokenClaims(_options));
        _keys = _options.TakesTokens ? new TokenKeys(_options, time) : null;
        _algorithms = AccessOptionsValidator.Words(_options.TokenAlgorithms);
        _types = AccessOptionsValidator.Words(_options.TokenTypes);
    }

    /// <summary>Whether it is worth a look.</summary>
    public bool IsToken(ReadOnlySpan<char> text) => _keys is not null && JwsShape.IsLike(text);

    /// <returns>Whose it is, or why it is not taken.</returns>
    public async Task<(Caller? Caller, Problem? Problem)> ReadAsync(string token, CancellationToken cancellationToken)
    {
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        if (_known.Find(digest) is { } known)
        {
            return (known, null);
        }

        // 1. Its form.
        if (JwsShape.Read(token) is not { } shape || !_algorithms.Contains(shape.Algorithm.Name) || !IsTypeTaken(shape.Type))
        {
            return Refuse("It is no signed token of a type and an algorithm that are taken.");
        }

        // 2. The keys.
        JsonWebKey[] keys;
        try
        {
            keys =
            [
                .. (await _keys!.GetAsync(cancellationToken)).Where(key => shape.Algorithm.Takes(key)
                    && (shape.KeyId is null || key.Kid == shape.KeyId) && shape.Algorithm.FitsSignature(shape.SignatureBytes, key)),
            ];
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException or ArgumentException)
        {
            Log.NoKeys(_logger, e.Message);
            return (null, AccessProblems.ProviderUnavailable);
        }

        if (keys.Length == 0)
        {
            _keys.FetchAgain();
            return Refuse("None of the issuer's keys can have signed it.");
        }

        // 3. The token itself.
        TokenValidationResult result = await _handler.ValidateTokenAsync(token, ParametersFor(shape, keys));
        if (!result.IsValid)
        {
            return Refuse(result.Exception.Message);
        }

        // 4. Whose it is.
        if (_claims.CallerOf(result.Claims, out string? fault) is not { } caller)
        {
            return Refuse(fault!);
        }

        _known.Add(digest, caller, new DateTimeOffset(result.SecurityToken.ValidTo, TimeSpan.Zero));
        return (caller, null);
    }

    public void Dispose() => _keys?.Dispose();

    private (Caller? Caller, Problem? Problem) Refuse(string reason)
    {
        Log.Refused(_logger, LogScopes.OneLine(reason));
        return (null, AccessProblems.BadCredential);
    }

    /// <summary>RFC 7515, section 4.1.9: case does not matter, and "application/" may be left out.</summary>
    private bool IsTypeTaken(string type)
    {
        const string Application = "application/";
        string name = type.StartsWith(Application, StringComparison.OrdinalIgnoreCase) ? type[Application.Length..] : type;
        return _types.Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    private TokenValidationParameters ParametersFor(JwsShape shape, JsonWebKey[] keys) => new()
    {
        ValidIssuer = _options.TokenIssuer,
        ValidAudience = _options.TokenAudience,
        ValidAlgorithms = [shape.Algorithm.Name],
        IssuerSigningKeys = keys,
        TryAllIssuerSigningKeys = true, // of those, which are all fit for it
        ValidateIssuerSigningKey = true,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        RequireAudience = true,
        ClockSkew = _options.TokenClockSkew,
        LifetimeValidator = IsInTime,
    };

    /// <summary>By our own clock, which tests set.</summary>
    private bool IsInTime(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        DateTime now = _time.GetUtcNow().UtcDateTime;
        return expires is { } end && now < Later(end, parameters.ClockSkew)
            && (notBefore is not { } begin || Later(now, parameters.ClockSkew) >= begin);

        static DateTime Later(DateTime time, TimeSpan by) => time > DateTime.MaxValue - by ? DateTime.MaxValue : time + by;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "A token was refused: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Warning, "The keys of the token issuer could not be fetched: {Reason}")]
        public static partial void NoKeys(ILogger logger, string reason);
    }
}
