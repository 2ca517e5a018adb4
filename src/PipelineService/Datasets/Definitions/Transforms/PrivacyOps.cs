using System.Text;
using System.Text.RegularExpressions;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the ops that keep personal data from being stored.</summary>
internal static partial class PrivacyOps
{
    /// <summary>No text has more characters.</summary>
    private const int KeepMax = 10_000_000;

    public static TransformOp ReadHash(OpReader op)
    {
        HashKind algorithm = op.Json.Choice("algorithm", OpWords.HashKinds, HashKind.HmacSha256);
        return new HashOp
        {
            Fields = op.Fields(),
            Algorithm = algorithm,
            Secret = algorithm == HashKind.HmacSha256 ? ReadKey(op) : ReadSalt(op),
            Pii = ReadPii(op),
        };
    }

    public static TransformOp ReadMask(OpReader op) => new MaskOp
    {
        Fields = op.Fields(),
        KeepFirst = op.Count("keepFirst", 0, KeepMax, otherwise: 0),
        KeepLast = op.Count("keepLast", 0, KeepMax, otherwise: 0),
        Character = op.Character(new Rune('*')),
        Pii = ReadPii(op),
    };

    public static TransformOp ReadRedact(OpReader op) => new RedactOp
    {
        Fields = op.Fields(),
        With = op.Json.Text("with"),
        Pii = ReadPii(op),
    };

    private static bool ReadPii(OpReader op) => op.Json.Boolean("pii", otherwise: false);

    private static string? ReadKey(OpReader op)
    {
        if (op.Json.TryGet("saltFrom", out _))
        {
            op.Json.Fault("saltFrom", "Belongs to the algorithm sha256: hmac-sha256 has a key, whose name is the \"secret\".");
        }
        else
        {
            op.RequiredText(
                "secret", "the name of the secret that is the key, which is set as Datasets:Secrets:{name}; or use the algorithm sha256");
        }

        return ReadSecret(op, "secret");
    }

    private static string? ReadSalt(OpReader op)
    {
        if (op.Json.TryGet("secret", out _))
        {
            op.Json.Fault("secret", "Belongs to the algorithm hmac-sha256: sha256 has a salt, whose name is in \"saltFrom\".");
        }

        return ReadSecret(op, "saltFrom");
    }

    private static string? ReadSecret(OpReader op, string property)
    {
        string? name = op.Json.Text(property);
        if (name is not null && !SecretName().IsMatch(name))
        {
            op.Json.Fault(
                property,
                "Must be the name of a secret: letters, digits and single underscores, at most 128. The secret itself is a setting"
                + " of the service, Datasets:Secrets:{name}.");
        }

        return name;
    }

    /// <summary>Two underscores are a colon in the names of environment variables.</summary>
    [GeneratedRegex(@"\A(?!.*__)[A-Za-z][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex SecretName();
}
