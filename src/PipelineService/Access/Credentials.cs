using Microsoft.Extensions.Primitives;
using PipelineService.Hosting.Http;

namespace PipelineService.Access;

/// <summary>The credential that a request has: of <c>Authorization: Bearer</c>, or of <c>X-Api-Key</c>.</summary>
internal readonly ref struct Credentials
{
    public const string KeyHeader = "X-Api-Key";
    private const string Scheme = "Bearer ";

    /// <summary>Tokens have at most 16 KiB; headers altogether have at most 32.</summary>
    private const int LengthMax = 16 << 10;

    private Credentials(string header, int start, Problem? problem)
    {
        Text = header.AsSpan(start).Trim(' ');
        Problem = problem;
    }

    /// <summary>Empty: none was sent.</summary>
    public ReadOnlySpan<char> Text { get; }

    /// <summary>Why it is not looked at; null when it is.</summary>
    public Problem? Problem { get; }

    public static Credentials Of(IHeaderDictionary headers)
    {
        StringValues authorization = headers.Authorization;
        headers.TryGetValue(KeyHeader, out StringValues key);
        if (authorization.Count + key.Count == 0)
        {
            return default;
        }

        if (authorization.Count + key.Count > 1)
        {
            return new Credentials("", 0, AccessProblems.SeveralCredentials);
        }

        string text = (authorization.Count > 0 ? authorization[0] : key[0]) ?? "";
        int start = 0;
        if (authorization.Count > 0)
        {
            if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                return new Credentials("", 0, AccessProblems.OtherScheme);
            }

            start = Scheme.Length;
        }

        return text.Length - start is > 0 and <= LengthMax
            ? new Credentials(text, start, null)
            : new Credentials("", 0, AccessProblems.BadCredential);
    }
}
