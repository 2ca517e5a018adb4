using System.Text;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>An op that takes a value out of what is stored, or most of it.</summary>
public abstract record PrivacyOp : TransformOp
{
    /// <summary>Whether the fields hold personal data, which is not shown where records are rejected either.</summary>
    public bool Pii { get; init; }
}

/// <summary>Puts a hash in the place of a value: 64 hexadecimal digits.</summary>
public sealed record HashOp : PrivacyOp
{
    public override string Word => "hash";

    public HashKind Algorithm { get; init; }

    /// <summary>The name of the secret that is the key, or the salt before the text; null: none.</summary>
    public string? Secret { get; init; }
}

/// <summary>How a <see cref="HashOp"/> hashes.</summary>
public enum HashKind
{
    /// <summary>SHA-256 of the text, behind the salt where there is one.</summary>
    Sha256,

    /// <summary>HMAC with SHA-256 (RFC 2104), for which there is a key.</summary>
    HmacSha256,
}

/// <summary>Puts a character in the place of each character of a text, except for some at its ends.</summary>
public sealed record MaskOp : PrivacyOp
{
    public override string Word => "mask";

    /// <summary>Code points at the start that stay.</summary>
    public int KeepFirst { get; init; }

    /// <summary>Code points at the end that stay.</summary>
    public int KeepLast { get; init; }

    public Rune Character { get; init; } = new('*');
}

/// <summary>Puts one text in the place of every value, or takes it away.</summary>
public sealed record RedactOp : PrivacyOp
{
    public override string Word => "redact";

    /// <summary>The text; null: no value.</summary>
    public string? With { get; init; }

    public override bool SuitsPattern(FieldDefinition field) => true;
}
