namespace PipelineService.Access;

/// <summary>What a caller may do. None of them holds another, except that <see cref="Admin"/> holds all.</summary>
public enum AccessScope
{
    /// <summary>Send uploads, replace jobs by them, cancel jobs.</summary>
    Ingest,

    /// <summary>Look at datasets, models, jobs, rejected records, and what became of one.</summary>
    Read,

    /// <summary>Declare and delete datasets; revert, re-run and delete jobs.</summary>
    Manage,

    /// <summary>Make, list, rotate and revoke keys; send and delete models; and all of the above.</summary>
    Admin,
}

/// <summary>A set of scopes: what keys, tokens and policies name.</summary>
public readonly record struct AccessScopes
{
    private readonly int _bits;

    private AccessScopes(int bits) => _bits = bits;

    /// <summary>Every scope.</summary>
    public static AccessScopes All { get; } = Of(Enum.GetValues<AccessScope>());

    /// <summary>The scopes by their names, in the order of the enumeration.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Enum.GetNames<AccessScope>().Select(name => name.ToLowerInvariant())];

    public bool IsEmpty => _bits == 0;

    public static AccessScopes Of(params ReadOnlySpan<AccessScope> scopes)
    {
        int bits = 0;
        foreach (AccessScope scope in scopes)
        {
            bits |= 1 << (int)scope;
        }

        return new AccessScopes(bits);
    }

    /// <summary>Those among the names that are scopes; others are passed over.</summary>
    public static AccessScopes OfNames(IEnumerable<string> names) => Of(
        [.. names.Select(name => Names.ToList().IndexOf(name)).Where(index => index >= 0).Select(index => (AccessScope)index)]);

    public bool Has(AccessScope scope) => (_bits & ((1 << (int)scope) | (1 << (int)AccessScope.Admin))) != 0;

    /// <summary>Those that were given, as they are written.</summary>
    public string[] ToNames()
    {
        int bits = _bits;
        return [.. Names.Where((_, index) => (bits & (1 << index)) != 0)];
    }

    public override string ToString() => string.Join(' ', ToNames());
}
